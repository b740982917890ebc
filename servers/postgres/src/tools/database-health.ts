import { defineTool, READS } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import {
  bindCounted,
  countFindings,
  type NamedFinding,
  vitals,
} from '../adapter/questions/index.ts';
import { refuse } from '../guard/index.ts';
import type { Context } from './context.ts';
import { CHECKS, judge, type Seen } from './health-checks.ts';
import {
  databaseAsked,
  type Facts,
  factList,
  labelOf,
  present,
  sections,
  shownIn,
} from './words.ts';

export const databaseHealth = defineTool({
  name: 'database_health',
  title: 'Database health',
  description: 'Checks cache, connections, vacuum, indexes, sequences and replication.',
  scope: 'activity:read',
  annotations: READS,
  labels: ['names'],
  input: z.strictObject({ database: databaseAsked }),
  output: z.strictObject({ checks: factList }),

  async run({ database: name }, context: Context) {
    const database = await context.database(name);
    const [[vital], counted] = await Promise.all([
      database.ask(vitals, []),
      database.ask(countFindings, bindCounted(shownIn(database))),
    ]);
    if (vital === undefined) return refuse('feature.absent');
    const seen: Seen = { vitals: vital, counted };
    return { output: { checks: CHECKS.map((check) => checkOf(check, seen)) } };
  },

  render({ checks }) {
    return { summary: `Checks: ${String(checks.length)}.`, data: sections({ checks }) };
  },
});

function checkOf(check: (typeof CHECKS)[number], seen: Seen): Facts {
  const { finding, ...judged } = judge(check, seen);
  const named = seen.counted.find((each) => each.finding === finding)?.named ?? [];
  return { check, ...judged, ...present({ names: named.map(findingLabel) }) };
}

/** What was found, and what belongs to it. */
export function findingLabel({ detail, ...name }: NamedFinding): string {
  return detail === null ? labelOf(name) : `${labelOf(name)} (${toVisibleName(detail)})`;
}
