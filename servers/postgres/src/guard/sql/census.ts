import { LIMITS } from '../../policy.ts';
import type { Complain } from './complaint.ts';
import { type Body, GRAMMAR, isTag, type Tag } from './grammar/index.ts';
import { type Scope, withNames } from './scope.ts';

/** A node that stands under its name: `{ RangeVar: { … } }`. Replacing the name replaces the node. */
export type Holder = Record<string, unknown>;

/** One node of a statement, where it stands. */
export interface Found<Name extends Tag> {
  readonly node: Body<Name>;
  /** Names of common table expressions that can be seen from here. */
  readonly scope: Scope;
  /** What holds it; `undefined` where the field can hold nothing else. */
  readonly holder: Holder | undefined;
  /** The node above. */
  readonly above: Tag | undefined;
}

/** All nodes of a statement. Each judge takes the kind that it knows, and none can overlook one. */
export interface Census {
  all<Name extends Tag>(name: Name): readonly Found<Name>[];
}

type Fields = Record<string, unknown>;
type Place = Omit<Found<Tag>, 'node'> & { readonly depth: number };

/**
 * Visits every node and every field of a parsed statement, and refuses what the grammar's table does
 * not have.
 *
 * The world is closed on both sides: an unknown node is refused, and so is an unknown field, for a
 * guard that skips what it does not know overlooks `pg_read_file` in a corner that it never visits.
 */
export function takeCensus(statement: unknown, complain: Complain): Census {
  const found = new Map<Tag, Found<Tag>[]>();
  let nodes = 0;

  const struct = (tag: Tag, body: unknown, place: Place): void => {
    nodes += 1;
    if (nodes > LIMITS.nodesMax || place.depth > LIMITS.depthMax) complain('sql.too_complex');
    if (!isFields(body)) return complain('sql.not_allowed', undefined, { detail: tag });
    const list = found.get(tag) ?? [];
    found.set(tag, list);
    list.push({ node: body, ...place });
    const below = { above: tag, holder: undefined, depth: place.depth + 1 };
    const scope = tag === 'SelectStmt' ? names(body['withClause'], place) : place.scope;
    for (const [field, value] of Object.entries(body)) {
      // Its expressions see less than the statement does, and are already counted.
      if (tag === 'SelectStmt' && field === 'withClause') continue;
      check(tag, field, value, { ...below, scope });
    }
  };

  /** Visits the common table expressions, each under the names that it sees. */
  const names = (withClause: unknown, place: Place): Scope => {
    if (withClause === undefined) return place.scope;
    return withNames(withClause as Body<'WithClause'>, place.scope, (part, scope) => {
      const below = { above: 'WithClause', holder: undefined, depth: place.depth + 1 } as const;
      if (part === undefined)
        struct('WithClause', { ...(withClause as Fields), ctes: [] }, { ...below, scope });
      else tagged(part, { ...below, scope });
    });
  };

  const check = (tag: Tag, field: string, value: unknown, place: Place): void => {
    const rules: Fields = GRAMMAR[tag];
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
    const bad = (): never =>
      complain('sql.not_allowed', placed(value), { detail: `${tag}.${field}` });
    if (rule === 'nodes') {
      if (!Array.isArray(value)) return bad();
      for (const item of value) tagged(item, place);
    } else if (rule === 'node') tagged(value, place);
    else if (typeof rule === 'string' && isTag(rule)) struct(rule, value, place);
    else if (!isPlain(rule, value)) bad();
  };

  const tagged = (value: unknown, place: Place): void => {
    if (!isFields(value)) return complain('sql.not_allowed', undefined, { detail: 'no node' });
    const [first, ...others] = Object.entries(value);
    // An empty cell of a list.
    if (first === undefined) return;
    const [tag, body] = first;
    if (others.length > 0 || !isTag(tag))
      // Another statement within a query, as in WITH x AS (DELETE …).
      return complain(tag.endsWith('Stmt') ? 'sql.not_a_query' : 'sql.not_allowed', placed(body), {
        detail: tag,
      });
    struct(tag, body, { ...place, holder: value });
  };

  tagged(statement, { scope: undefined, holder: undefined, above: undefined, depth: 1 });
  return {
    all: <Name extends Tag>(name: Name) =>
      (found.get(name) ?? []) as unknown as readonly Found<Name>[],
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True when a value that is no node is as its rule says. */
function isPlain(rule: unknown, value: unknown): boolean {
  switch (rule) {
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
    case 'place':
      return Number.isSafeInteger(value);
    case 'text':
      return typeof value === 'string';
    default:
      return Array.isArray(rule) && rule.includes(value);
  }
}

function placed(value: unknown): { location?: number } {
  if (!isFields(value)) return {};
  const location = value['location'];
  return typeof location === 'number' ? { location } : {};
}
