import type * as Ast from '@pgsql/types';

import type { MaskKind } from '../../policy.ts';
import type { Parser } from '../parser.ts';
import type { VisibleRelation } from '../visibility.ts';
import type { Body } from './grammar/index.ts';
import { nodesOf } from './values.ts';

/** The setting that keys `hash`. The session sets it; no statement can read or write a setting. */
export const SALT_SETTING = 'secure_mcp.salt';

/** What stands in a masked column, for what was in it: `value` is the column. The result is text. */
const EXPRESSIONS = {
  redact: `CASE WHEN value IS NOT NULL THEN '[masked]' END`,
  null: `NULL`,
  // Equal values stay equal, so that they can be counted and joined; without the salt, guessing
  // values and hashing them tells nothing. In a session without salt there is nothing.
  hash: `pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
      NULLIF(pg_catalog.current_setting('${SALT_SETTING}'), '') || value::pg_catalog.text,
      'UTF8')), 'hex'), 32)`,
  // At most half of a value is shown, and nothing of a short one.
  last4: `CASE WHEN pg_catalog.length(value::pg_catalog.text) >= 8
      THEN '****' || pg_catalog.right(value::pg_catalog.text, 4)
      WHEN value IS NOT NULL THEN '****' END`,
  // What stands behind the @ of an address, and of nothing else.
  domain: `CASE WHEN value::pg_catalog.text ~ '^[^@[:space:]]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$'
      THEN '****@' || pg_catalog.split_part(value::pg_catalog.text, '@', 2)
      WHEN value IS NOT NULL THEN '****' END`,
  // No mask: what looks names up in the catalog, as text that does not.
  text: `value`,
} as const satisfies Record<MaskKind | 'text', string>;

/** Builds what stands in the place of relations with columns that are masked, or that look names up. */
export interface Masks {
  select(relation: VisibleRelation, inner: Body<'RangeVar'>): Ast.Node;
}

export function createMasks(parser: Parser): Masks {
  const templates = new Map<keyof typeof EXPRESSIONS, Ast.Node>();
  const template = (how: keyof typeof EXPRESSIONS): Ast.Node => {
    const known = templates.get(how) ?? expressionOf(parser, EXPRESSIONS[how]);
    templates.set(how, known);
    return known;
  };

  return {
    select(relation, inner) {
      const targets = relation.columns.map(({ name, looksUp }): Ast.Node => {
        const column: Ast.Node = { ColumnRef: { fields: nodesOf([name]) } };
        const how = relation.masks.get(name) ?? (looksUp === true ? 'text' : undefined);
        const val = how === undefined ? column : filledIn(template(how), column);
        return { ResTarget: { name, val } };
      });
      return {
        SelectStmt: {
          targetList: targets,
          fromClause: [{ RangeVar: inner }],
          limitOption: 'LIMIT_OPTION_DEFAULT',
          op: 'SETOP_NONE',
        },
      };
    },
  };
}

/** Parses a mask of ours, as text. */
function expressionOf(parser: Parser, expression: string): Ast.Node {
  const tree = parser.parse(`SELECT (${expression})::pg_catalog.text`);
  const statement = tree.stmts?.[0]?.stmt;
  const target =
    statement !== undefined && 'SelectStmt' in statement
      ? statement.SelectStmt.targetList?.[0]
      : undefined;
  const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
  if (value === undefined) throw new Error('a mask cannot be parsed');
  return value;
}

/** A copy of a mask in which the column stands for `value`. */
function filledIn(mask: Ast.Node, column: Ast.Node): Ast.Node {
  const copy = structuredClone(mask);
  const fill = (at: object): void => {
    // It stands nowhere in the caller's statement.
    Reflect.deleteProperty(at, 'location');
    for (const [key, value] of Object.entries(at) as [string, unknown][]) {
      if (typeof value !== 'object' || value === null) continue;
      if ('ColumnRef' in value) Reflect.set(at, key, structuredClone(column));
      else fill(value);
    }
  };
  fill(copy);
  return copy;
}
