import { type REFUSALS, refuse } from '../refusals.ts';

/** Something with a place in the statement, in bytes, as the parser counts. */
interface Placed {
  readonly location?: number;
}

/** Refuses with the place in the caller's statement, and with a constant piece of advice. */
export type Complain = (
  code: (keyof typeof REFUSALS & `sql.${string}`) | 'relation.unknown',
  at?: Placed,
  said?: { readonly detail?: string; readonly advice?: string },
) => never;

/**
 * Refusals for one statement. A place is a number, so it can be told; a name of the statement cannot:
 * what a caller reads consists of our own words.
 */
export function complaints(sql: string): Complain {
  return (code, at, { detail, advice } = {}) => {
    const place = at?.location;
    const where = place === undefined || place < 0 ? [] : [placeText(charactersBefore(sql, place))];
    const hint = [...where, ...(advice === undefined ? [] : [advice])].join(' ');
    return refuse(code, {
      ...(detail === undefined ? {} : { detail }),
      ...(hint === '' ? {} : { hint }),
    });
  };
}

/** Says where, counting from one as PostgreSQL does. */
export function placeText(before: number): string {
  return `At character ${String(before + 1)}.`;
}

/** The parser counts bytes; people, and PostgreSQL's own messages, count characters. */
export function charactersBefore(sql: string, bytes: number): number {
  const before = Buffer.from(sql, 'utf8').subarray(0, bytes).toString('utf8');
  return Array.from(before).length;
}

/** A name for the audit trail, when it is a plain one. A quoted name could hold anything. */
export function plainName(names: readonly string[]): string {
  const plain = names.every((name) => /^[a-z_][a-z0-9_]{0,62}$/.test(name));
  return plain ? names.join('.') : 'a quoted name';
}
