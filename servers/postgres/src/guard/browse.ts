import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import type { CatalogColumn } from './catalog.ts';
import type { Position } from './cursor.ts';
import { type ParameterValue, wireValues } from './parameters.ts';
import { refuse } from './refusals.ts';
import { identifierText } from './schemas.ts';
import { clause, quoteIdentifier } from './sql/print/words.ts';
import type { ReadStatement, StatementGuard } from './statement.ts';
import type { VisibleRelation } from './visibility.ts';

const OPERATORS = ['=', '<>', '<', '<=', '>', '>=', 'like', 'ilike'] as const;
const value = z.union([boundedText(LIMITS.parameterCharactersMax), z.int(), z.boolean()]);

/** One condition on one column. */
export const filter = z.discriminatedUnion('op', [
  z.strictObject({ column: identifierText, op: z.enum(OPERATORS), value }),
  z.strictObject({ column: identifierText, op: z.literal('in'), value: z.array(value).max(1000) }),
  z.strictObject({ column: identifierText, op: z.enum(['is_null', 'is_not_null']) }),
]);

const ORDER = z.strictObject({
  column: identifierText,
  descending: z.boolean().default(false),
});

/** Which rows of one relation, without SQL. */
export interface Browsing {
  readonly relation: VisibleRelation;
  /** Columns that the role may read, in order. */
  readonly columns: readonly CatalogColumn[];
  /** Columns that together tell each row from all others, and are never NULL. Empty without such. */
  readonly key: readonly string[];
  /** Columns to show; all when there are none. */
  readonly show: readonly string[];
  readonly filters: readonly z.output<typeof filter>[];
  readonly order: readonly z.output<typeof ORDER>[];
  readonly position: Position;
}

/** A statement for one page, and how the next one begins. */
export interface Browsed {
  readonly statement: ReadStatement;
  readonly parameters: readonly (string | null)[];
  /** Columns that the answer shows. What stands behind them only says where the page ends. */
  readonly shown: number;
  /** Rows to skip, where the position does not lead past them. */
  readonly skip: number;
  /** Where the next page begins, given the last row of this one and how many it had. */
  next(lastRow: readonly (string | number | boolean | null)[], rows: number): Position;
}

/**
 * Writes the statement for one page of a relation. Names are looked up among the relation's own
 * columns and quoted, values are parameters; and the result is judged like a caller's own.
 */
export function browse(guard: StatementGuard, browsing: Browsing): Browsed {
  const { relation, position } = browsing;
  const columns = new Set(browsing.columns.map(({ name }) => name));
  const known = (name: string): string => (columns.has(name) ? name : refuse('column.unknown'));
  const show = (browsing.show.length > 0 ? browsing.show : [...columns]).map(known);
  // Of a key that the role may not read in full nothing is left.
  const key = browsing.key.every((name) => columns.has(name)) ? browsing.key : [];
  const orders = ordersOf({ order: browsing.order, key }).map((each) => ({
    ...each,
    column: known(each.column),
  }));
  const isKeyset = key.length > 0 && orders.every(({ column }) => isExact(browsing, column));

  const values: ParameterValue[] = [];
  const bind = (each: ParameterValue): string => `$${String(values.push(each))}`;
  const conditions = browsing.filters.map((each) => condition(known(each.column), each, bind));
  if (isKeyset && position.after !== undefined)
    conditions.push(behind(orders, position.after, bind));

  const ends = isKeyset ? orders.map(({ column }) => column) : [];
  const text = [
    `SELECT ${[...show, ...ends].map(quoteIdentifier).join(', ')}`,
    `FROM ${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`,
    clause('WHERE', conditions.map((each) => `(${each})`).join(' AND ')),
    clause('ORDER BY', orders.map(orderText).join(', ')),
  ]
    .filter((part) => part !== undefined)
    .join(' ');
  const skip = position.skip ?? 0;
  return {
    statement: guard.parse(text, values.length),
    parameters: wireValues(values),
    shown: show.length,
    skip,
    next(lastRow, rows) {
      const after = isKeyset ? endOf(lastRow.slice(show.length)) : undefined;
      return after === undefined ? { ...position, skip: skip + rows } : { after };
    },
  };
}

type Order = z.output<typeof ORDER>;

/** The caller's order, and behind it the key, so that no two rows are alike. */
function ordersOf({ order: wished, key }: Pick<Browsing, 'order' | 'key'>): readonly Order[] {
  const missing = key.filter((name) => !wished.some(({ column }) => column === name));
  return [...wished, ...missing.map((column) => ({ column, descending: false }))];
}

/**
 * Types whose text leads back to the same value. A bytea is shown as its digest, and what is long is
 * cut; behind a mask, values that differ look alike.
 */
const EXACT =
  /^(?:smallint|integer|bigint|numeric|oid|text|character|name|uuid|boolean|date|time|timestamp|inet|cidr|macaddr)/;

function isExact({ relation, columns }: Browsing, name: string): boolean {
  const type = columns.find((column) => column.name === name)?.type ?? '';
  return !relation.masks.has(name) && EXACT.test(type) && !type.endsWith('[]');
}

/** The end of a page, unless a value of it may have been cut. */
function endOf(
  cells: readonly (string | number | boolean | null)[],
): (string | null)[] | undefined {
  const texts = cells.map((cell) => (cell === null ? null : String(cell)));
  const isWhole = texts.every((text) => (text?.length ?? 0) < LIMITS.cellCharactersMax / 2);
  return isWhole ? texts : undefined;
}

const orderText = ({ column, descending }: Order): string =>
  `${quoteIdentifier(column)} ${descending ? 'DESC' : 'ASC'} NULLS LAST`;

type Bind = (value: ParameterValue) => string;

function condition(column: string, each: z.output<typeof filter>, bind: Bind): string {
  const name = quoteIdentifier(column);
  switch (each.op) {
    case 'is_null':
      return `${name} IS NULL`;
    case 'is_not_null':
      return `${name} IS NOT NULL`;
    case 'in':
      return `${name} = ANY (${bind(each.value)})`;
    case 'like':
    case 'ilike':
      return `CAST(${name} AS text) ${each.op.toUpperCase()} ${bind(each.value)}`;
    default:
      return `${name} ${each.op} ${bind(each.value)}`;
  }
}

/** Rows that come after the last one, where NULL comes last. */
function behind(orders: readonly Order[], after: readonly (string | null)[], bind: Bind): string {
  if (after.length !== orders.length) return refuse('cursor.invalid');
  const [first, ...rest] = orders;
  const [end = null, ...ends] = after;
  if (first === undefined) return 'FALSE';
  const name = quoteIdentifier(first.column);
  const tie = rest.length === 0 ? 'FALSE' : behind(rest, ends, bind);
  if (end === null) return `${name} IS NULL AND (${tie})`;
  const beyond = `${name} ${first.descending ? '<' : '>'} ${bind(end)}`;
  return `${beyond} OR ${name} IS NULL OR (${name} = ${bind(end)} AND (${tie}))`;
}
