import type { Rendering } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Rows } from '../adapter/index.ts';
import type { ReadStatement } from '../guard/index.ts';
import { type Format, tableText } from './table-text.ts';
import { typesOf } from './column-types.ts';
import type { OpenDatabase } from './context.ts';
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
  readonly database: OpenDatabase;
  readonly next: string | undefined;
  readonly warnings: readonly string[];
}

/** What was read, as an answer. */
export async function rowsOutput(
  found: Rows,
  { database, next, warnings }: Page,
): Promise<z.input<typeof ROWS>> {
  const types = await typesOf(found.columns, database);
  return {
    columns: found.columns.map(({ name }, at) => ({
      name: toVisibleName(name),
      type: toVisibleName(types[at] ?? ''),
    })),
    rows: found.rows.map((row) => [...row]),
    truncated: truncation(found),
    cells_cut: found.cut === 0 ? undefined : found.cut,
    next_cursor: next,
    warnings: warnings.length === 0 ? undefined : [...warnings],
  };
}

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
