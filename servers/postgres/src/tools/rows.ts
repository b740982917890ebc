import type { Rendering } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Rows } from '../adapter/index.ts';
import type { ReadStatement } from '../guard/index.ts';
import { type Format, tableText } from './table-text.ts';
import type { Access } from '../policy.ts';
import { joinSentences } from './words.ts';

/** A page of a table: what each tool answers with that reads rows. */
export const ROWS = z.strictObject({
  /** Name and type of each. */
  columns: z.array(z.record(z.string(), z.string())),
  rows: z.array(z.array(z.unknown())),
  /** Why the last row is not the last there is, when it is not. */
  truncated: z.enum(['rows', 'characters']).optional(),
  cells_cut: z.int().optional(),
  next_cursor: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
export type RowsOutput = z.output<typeof ROWS>;

/** Fields of it that hold names. */
export const ROWS_LABELS = ['name', 'type'];

/** What a reader of a page has to know of it. */
export function warningsOn(
  { isOrdered, isMasked }: ReadStatement,
  { isPaged }: { readonly isPaged: boolean },
): readonly string[] {
  return [
    ...(isPaged && !isOrdered ? ['Without an order, pages can repeat or miss rows.'] : []),
    ...(isMasked ? ['A masked column is in use: conditions and results see its mask.'] : []),
  ];
}

export interface Page {
  readonly access: Access;
  readonly next: string | undefined;
  readonly warnings: readonly string[];
}

/** What was read, as an answer. */
export function rowsOutput(found: Rows, { access, next, warnings }: Page): z.input<typeof ROWS> {
  return {
    columns: found.columns.map(({ name, type }) => ({
      name: toVisibleName(name),
      type: toVisibleName(shownType(type, access)),
    })),
    rows: found.rows.map((row) => [...row]),
    truncated: truncation(found),
    cells_cut: found.cut === 0 ? undefined : found.cut,
    next_cursor: next,
    warnings: warnings.length === 0 ? undefined : [...warnings],
  };
}

/** A type with the name of a hidden schema would name it, and each relation is a type as well. */
function shownType(type: string, { schemas, deny }: Access): string {
  const [, quoted, plain] = QUALIFIED.exec(type) ?? [];
  const schema = quoted?.replaceAll('""', '"') ?? plain;
  if (schema === undefined) return type;
  const bare = type.replaceAll('"', '').replace(/(?:\[\])+$/, '');
  const isHidden = deny.some((name) => `${name.schema}.${name.name}`.replaceAll('"', '') === bare);
  return schemas.includes(schema) && !isHidden ? type : 'user-defined';
}

/** What stands before the first point outside of brackets. */
const QUALIFIED = /^(?:"((?:[^"]|"")*)"|([^".()[\]]+))\./;

function truncation({ more, full }: Pick<Rows, 'more' | 'full'>): RowsOutput['truncated'] {
  if (full) return 'characters';
  return more ? 'rows' : undefined;
}

/** Words a page. What stands in the table goes between marks, its column names too. */
export function renderRows(output: RowsOutput, format: Format = 'json'): Rendering {
  const { columns, rows, truncated, cells_cut: cut, next_cursor: next, warnings = [] } = output;
  return {
    summary: joinSentences(
      `Rows: ${String(rows.length)}.`,
      truncated === undefined ? '' : `There are more (${truncated}).`,
      next === undefined ? '' : `Go on with cursor ${next}.`,
      cut === undefined ? '' : `Cells that were too long and are cut: ${String(cut)}.`,
      ...warnings,
    ),
    data: tableText({ columns: columns.map(({ name = '' }) => name), rows }, format),
  };
}
