import { EXPRESSIONS } from './expressions.ts';
import { JSON_NODES } from './json.ts';
import { QUERIES } from './queries.ts';
import type { Bodies, Grammar } from './rules.ts';

/**
 * All nodes that a statement may be made of, and all fields of each. What is not here is refused,
 * so that what a later version of the grammar adds is refused until somebody has looked at it.
 */
export const GRAMMAR = { ...EXPRESSIONS, ...QUERIES, ...JSON_NODES } as const satisfies Grammar;

export type Tag = keyof typeof GRAMMAR;
export type Body<Name extends Tag> = Bodies[Name];

/** Fields that only say where something stood in the text. */
export const PLACES: ReadonlySet<string> = new Set(
  Object.values(GRAMMAR)
    .flatMap((fields) => Object.entries<unknown>(fields))
    .filter(([, rule]) => rule === 'place')
    .map(([field]) => field),
);

export function isTag(name: string): name is Tag {
  return Object.hasOwn(GRAMMAR, name);
}
