import { screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import { Problem } from '@/api/problem';
import type { Editor } from '@/api/use-editor';
import { show } from '@/testing/render';
import { EditorFoot } from './EditorFoot';

const refused = new Problem({ status: 422, code: 'validation_failed', detail: 'the name is too long', errors: [] });

/** An editor whose save was refused. */
const editor = {
  input: {},
  patch: {},
  dirty: true,
  error: refused,
  save: { mutation: { isPending: false }, conflict: undefined },
} as unknown as Editor<object, object>;

const foot = <EditorFoot editor={editor} what="the campaign" labels={{}} toInput={() => ({})} />;

it('brings the person to the first thing to mend when a save is refused', async () => {
  await show(
    <main>
      <input aria-label="Name" aria-invalid="true" />
      {foot}
    </main>,
  );
  await waitFor(() => { expect(document.activeElement).toBe(screen.getByLabelText('Name')); });
});

it('brings them to the reason when no field is to blame', async () => {
  await show(<main>{foot}</main>);
  await waitFor(() => { expect(document.activeElement?.textContent).toContain('The name is too long.'); });
});
