import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { bindCounted, type Counted, countFindings } from '../adapter/questions/index.ts';
import type { Context } from './context.ts';
import { findingLabel } from './database-health.ts';
import { databaseAsked, type Facts, factList, sections, shownIn } from './words.ts';

/** What can be done about each finding, and what speaks against it. */
const ADVICE_ON: Readonly<Record<string, string>> = {
  'foreign key without index':
    'Index these columns: a delete or a join at the other end reads the whole table.',
  'read whole':
    'Explain the statements that read it: a condition that keeps few rows deserves an index.',
  'duplicate index': 'Drop one of the two.',
  'unused index': 'Drop it, once replicas and rare jobs are ruled out. It slows down each write.',
  'invalid index': 'Drop it and build it again.',
};

export const indexAdvice = defineTool({
  name: 'index_advice',
  title: 'Index advice',
  description: 'Indexes that are missing, unused, duplicate or invalid, by the counters.',
  scope: 'activity:read',
  annotations: READS,
  labels: ['names'],
  input: z.strictObject({ database: databaseAsked }),
  output: z.strictObject({ findings: factList }),

  async run({ database: name }, context: Context) {
    const database = await context.database(name);
    const counted = await database.ask(countFindings, bindCounted(shownIn(database)));
    return {
      output: { findings: Object.keys(ADVICE_ON).flatMap((finding) => adviceOn(finding, counted)) },
    };
  },

  render({ findings }) {
    return {
      summary: `Findings: ${String(findings.length)}. Nothing was tried out: explain shows what a statement does now.`,
      data: sections({ findings }),
    };
  },
});

function adviceOn(finding: string, counted: readonly Counted[]): Facts[] {
  const found = counted.find((each) => each.finding === finding);
  const advice = ADVICE_ON[finding];
  if (found === undefined || advice === undefined) return [];
  return [{ finding, count: found.count, names: found.named.map(findingLabel), advice }];
}
