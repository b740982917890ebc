import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import {
  bindTopStatements,
  type CountedStatement,
  ORDERS,
  statementStatistics,
  topStatements,
} from '../adapter/questions/index.ts';
import { refuse } from '../guard/index.ts';
import type { Context, OpenDatabase } from './context.ts';
import { databaseAsked, type Facts, factList, joinSentences, present, sections } from './words.ts';

const STATEMENTS_MAX = 50;

export const topQueries = defineTool({
  name: 'top_queries',
  title: 'Top queries',
  description: 'The costliest statements by pg_stat_statements. Text only for what you may query.',
  scope: 'activity:read',
  annotations: READS,
  input: z.strictObject({
    order_by: z.enum(ORDERS).default('total'),
    limit: z.int().min(1).max(STATEMENTS_MAX).default(10),
    database: databaseAsked,
  }),
  output: z.strictObject({ statements: factList, of_all_roles: z.boolean() }),

  async run({ order_by: order, limit, database: name }, context: Context) {
    const database = await context.database(name);
    const [counter] = await database.ask(statementStatistics, []);
    if (counter === undefined || !counter.loaded) {
      return refuse('feature.absent', {
        hint: 'The extension pg_stat_statements is not installed.',
      });
    }
    if (!isRecent(counter.version)) {
      return refuse('feature.absent', {
        hint: 'The extension pg_stat_statements is older than 1.9.',
      });
    }
    const found = await database.ask(
      topStatements(counter.schema),
      bindTopStatements(order, limit),
    );
    const statements = await Promise.all(found.map((each) => shownStatement(each, database)));
    return { output: { statements, of_all_roles: counter.sees_all } };
  },

  render({ statements, of_all_roles: all }) {
    return {
      summary: joinSentences(
        `Statements: ${String(statements.length)}.`,
        all ? '' : 'Only those of this server’s role; pg_read_all_stats shows the others.',
      ),
      data: sections({ statements }),
    };
  },
});

/** 1.9 tells statements of functions from those of clients. */
function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || minor >= 9;
}

async function shownStatement(
  { text, ...counts }: CountedStatement,
  database: OpenDatabase,
): Promise<Facts> {
  return present({
    ...counts,
    total_ms: rounded(counts.total_ms),
    mean_ms: rounded(counts.mean_ms),
    text: text === null ? null : await shownText(text, database),
  });
}

/**
 * The text of somebody else's statement, when its reader could have run it: the guard accepts it, so all
 * of its relations are visible, and none of them is masked.
 *
 * What is shown is what the guard wrote, so no comment comes along. A text is counted with its constants
 * when its entry was pushed out while it ran, so one that still holds any is not shown.
 */
async function shownText(text: string, database: OpenDatabase): Promise<string | undefined> {
  const parameters = Math.max(
    0,
    ...[...text.matchAll(/\$(\d{1,3})/g)].map(([, digits]) => Number(digits)),
  );
  const statement = await database.judge(text, parameters);
  if (statement === undefined || statement.isMasked || holdsConstant(statement.text))
    return undefined;
  return statement.text;
}

/** A number in a name or a parameter is none; any other one may be somebody's. */
export function holdsConstant(text: string): boolean {
  const outside = text.replace(/"(?:[^"]|"")*"/g, '""');
  return /'|\$[a-z_]*\$|(?<![\w$])\d/i.test(outside);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
