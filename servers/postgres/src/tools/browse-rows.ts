import { defineTool, READS } from '@secure-mcp/runtime';
import { fromVisible } from '@secure-mcp/validation';
import * as z from 'zod';

import { bindBrowsable, browsable } from '../adapter/questions/index.ts';
import type { Rows } from '../adapter/index.ts';
import {
  type Browsed,
  type Browsing,
  cursorText,
  filter,
  identifierText,
  type Position,
  refuse,
  relationText,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { scalar } from './parameters.ts';
import { renderRows, ROWS, ROWS_LABELS, rowsOutput, warningsOn } from './rows.ts';
import { databaseAsked } from './words.ts';

const COLUMNS_MAX = 100;

/** The guard's own form tells operators apart; in a listing that costs three times as much. */
const FILTER = z.strictObject({
  column: identifierText,
  op: z.enum(['=', '<>', '<', '<=', '>', '>=', 'like', 'ilike', 'in', 'is_null', 'is_not_null']),
  values: z.array(scalar).max(COLUMNS_MAX).optional(),
});

export const browseRows = defineTool({
  name: 'browse_rows',
  title: 'Browse rows',
  description: 'Reads rows of schema.table without SQL. A filter has one value; in has several.',
  scope: 'tables:read',
  annotations: READS,
  labels: ROWS_LABELS,
  input: z.strictObject({
    table: relationText,
    columns: z.array(identifierText).max(COLUMNS_MAX).optional(),
    filters: z.array(FILTER).max(LIMITS.filtersMax).optional(),
    order_by: identifierText.optional(),
    descending: z.boolean().default(false),
    limit: z.int().min(1).max(LIMITS.rowsMax).default(LIMITS.rowsDefault),
    cursor: cursorText.optional(),
    database: databaseAsked,
  }),
  output: ROWS,

  async run({ table, limit, cursor, database: name, ...input }, context: Context) {
    const database = await context.database(name);
    const relation = await database.relation(table);
    const [found] = await database.ask(browsable, bindBrowsable(relation.oid));
    // It went away since the catalog was read.
    if (found === undefined) return refuse('relation.unknown');
    const owner = {
      purpose: 'browse_rows',
      principal: context.principalId,
      database: database.name,
      question: [relation.schema, relation.name, input],
    };
    const position = context.cursors.read(cursor, owner);
    const page = await database.browse({ ...found, relation, position, ...askedFor(input) });
    const { statement, parameters, skip } = page;
    const rows = await database.read(statement, { parameters, skip, limit });
    const next = nextOf(page, rows);
    return {
      output: await rowsOutput(withoutEnds(rows, page.shown), {
        database,
        next: next && context.cursors.write(owner, next),
        warnings: warningsOn(statement, { isPaged: rows.more || cursor !== undefined }),
      }),
    };
  },

  render: (output) => renderRows(output),
});

interface Asked {
  readonly columns?: readonly string[] | undefined;
  readonly filters?: readonly z.output<typeof FILTER>[] | undefined;
  readonly order_by?: string | undefined;
  readonly descending: boolean;
}

/** Names come as answers show them. Whether there are such columns is for the guard to say. */
function askedFor({
  columns = [],
  filters = [],
  order_by: by,
  descending,
}: Asked): Pick<Browsing, 'show' | 'filters' | 'order'> {
  return {
    show: columns.map(fromVisible),
    filters: filters.map(toFilter),
    order: by === undefined ? [] : [{ column: fromVisible(by), descending }],
  };
}

function toFilter({
  column,
  op,
  values = [],
}: z.output<typeof FILTER>): Browsing['filters'][number] {
  const value = op === 'in' ? values : values[0];
  const { data } = filter.safeParse({
    column: fromVisible(column),
    op,
    ...(value !== undefined && { value }),
  });
  const isFit = data !== undefined && (op === 'in' || values.length < 2);
  return isFit ? data : refuse('sql.parameters', { hint: VALUES_HINT });
}

const VALUES_HINT =
  'is_null and is_not_null take no value, in takes any number, all others take one.';

function nextOf(page: Browsed, { rows, more }: Rows): Position | undefined {
  const last = rows.at(-1);
  if (!more || last === undefined) return undefined;
  const next = page.next(last, rows.length);
  return (next.skip ?? 0) > LIMITS.offsetMax ? undefined : next;
}

/** Behind the columns that were asked for stand those that say where the page ends. */
function withoutEnds(rows: Rows, shown: number): Rows {
  return {
    ...rows,
    columns: rows.columns.slice(0, shown),
    rows: rows.rows.map((row) => row.slice(0, shown)),
  };
}
