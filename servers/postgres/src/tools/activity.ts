import { defineTool, READS } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import { activity as asking, bindActivity, type Session } from '../adapter/questions/index.ts';
import { refuse } from '../guard/index.ts';
import type { Context } from './context.ts';
import { databaseAsked, type Facts, factList, joinSentences, present, sections } from './words.ts';

/** Sessions that are told. The ones that others wait for come first. */
const SESSIONS_MAX = 50;

export const activity = defineTool({
  name: 'activity',
  title: 'Activity',
  description: 'Sessions that work or wait, and which ones they wait for. No statement text.',
  scope: 'activity:read',
  annotations: READS,
  labels: ['user'],
  input: z.strictObject({ database: databaseAsked }),
  output: z.strictObject({ sessions: factList, unseen: z.int() }),

  async run({ database: name }, context: Context) {
    const database = await context.database(name);
    const [found] = await database.ask(asking, bindActivity(SESSIONS_MAX));
    if (found === undefined) return refuse('feature.absent');
    const { sessions, busy, unseen } = found;
    return {
      output: {
        sessions: sessions.map(shownSession),
        unseen: unseen + busy - sessions.length,
      },
    };
  },

  render({ sessions, unseen }) {
    return {
      summary: joinSentences(
        `Busy sessions: ${String(sessions.length)}.`,
        unseen === 0
          ? ''
          : `Nothing is known of ${String(unseen)} more: pg_read_all_stats shows the sessions of others.`,
      ),
      data: sections({ sessions }),
    };
  },
});

function shownSession({ pid, user, ...more }: Session): Facts {
  return present({ pid, ...more, user: user && toVisibleName(user) });
}
