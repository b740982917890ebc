import { type Trusted } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { parsedText } from './parsed.ts';
import { parseName } from './ref-format.ts';
import { refuse, REFUSALS } from './refusals.ts';

/**
 * A revision as a caller writes it: a name or an id, then marks (`@{n}`, `@{upstream}`) and steps (`~n`,
 * `^n`, `^{commit}`). It is text; git reads it as UTF-8.
 *
 * It begins with no dash and holds no space, no control character, no colon and no range. `:path`,
 * `:/text` and `^{/text}` are left out: they read the index, or walk the whole history.
 *
 * Not promised: that it names anything, or that it is safe among git's arguments. The adapter resolves
 * it to an {@link Oid} over stdin. git ends (and with it a long-lived process) when a log is shorter
 * than `@{n}` or a branch has no upstream.
 */
export type Revision = Trusted<string, 'Revision'>;

export const revision = parsedText(
  LIMITS.revisionCharactersMax,
  revisionOf,
  REFUSALS['revision.invalid'],
);

/** Reads a revision outside a schema. Refuses `revision.invalid`. */
export function parseRevision(text: string): Revision {
  return revision.safeParse(text).data ?? refuse('revision.invalid');
}

function revisionOf(text: string): Revision | undefined {
  const at = text.search(/@\{|[~^]/);
  const base = at < 0 ? text : text.slice(0, at);
  const [, upstream, logged, walk] = AFTER.exec(text.slice(base.length)) ?? [];
  if (walk === undefined || !isBounded(logged, walk)) return undefined;
  // `@` is HEAD; nothing at all before a mark is the current branch.
  if (base === '@') return text as Revision;
  if (base === '') {
    return upstream === undefined && logged === undefined ? undefined : (text as Revision);
  }
  const name = parseName(base);
  return name === undefined ? undefined : (`${name}${text.slice(base.length)}` as Revision);
}

const AFTER =
  /^(@\{(?:u|upstream)\})?(@\{\d{1,6}\})?((?:[~^]\d{0,6}|\^\{(?:commit|tree|blob|tag|object)?\})*)$/;

/** Each step is a commit that git has to load, and each suffix one more walk. */
const STEPS_MAX = 100_000;
const SUFFIXES_MAX = 16;

function isBounded(logged: string | undefined, walk: string): boolean {
  const counts = [...`${logged ?? ''}${walk}`.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const steps = counts.reduce((sum, count) => sum + count, 0);
  return steps <= STEPS_MAX && (walk.match(/[~^]/g) ?? []).length <= SUFFIXES_MAX;
}
