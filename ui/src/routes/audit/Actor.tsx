import { Bot, KeyRound, UserRound } from 'lucide-react';
import type { AuditLine } from './api';
import classes from './Audit.module.css';

const ICONS = { user: UserRound, key: KeyRound, system: Bot };

/** Who did it: a person, a program with a key, or Baton itself. */
export function Actor({ actor }: { actor: AuditLine['actor'] }) {
  const Icon = ICONS[actor.kind];
  return (
    <span className={classes.actor}>
      <Icon size={14} strokeWidth={1.8} aria-label={actor.kind === 'key' ? 'API key' : actor.kind === 'user' ? 'Person' : 'Baton itself'} />
      <span className="bt-cut">{actor.name}</span>
    </span>
  );
}
