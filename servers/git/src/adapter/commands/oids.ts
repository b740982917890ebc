import { type Oid, parseOid, refuse } from '../../guard/index.ts';

/** An id that git printed. Refuses `repository.broken` for anything else. */
export function oidFromGit(text: string): Oid {
  return parseOid(text) ?? refuse('repository.broken', { detail: 'git printed no id' });
}
