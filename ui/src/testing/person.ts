import type { Me } from '@/api/accounts';
import { scopes } from '@/words';

/** An owner who may do everything. */
export const owner: Me = {
  kind: 'user',
  id: 'usr_1',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  role: 'owner',
  scopes: scopes.map((one) => one.scope),
  workspace_id: 'ws_1',
  workspace: 'Engines',
  workspaces: [{ id: 'ws_1', name: 'Engines', role: 'owner' }],
  second_factor: false,
  recovery_codes_left: 0,
};
