import { activity } from './activity.ts';
import { browseRows } from './browse-rows.ts';
import { databaseHealth } from './database-health.ts';
import { describeObject } from './describe-object.ts';
import { explain } from './explain.ts';
import { indexAdvice } from './index-advice.ts';
import { query } from './query.ts';
import { searchObjects } from './search-objects.ts';
import { securityPosture } from './security-posture.ts';
import { topQueries } from './top-queries.ts';

export { prompts } from './prompts.ts';
export { resources } from './resources.ts';

/** Everything that a client can use without a named query: the whole surface of this server. */
export const tools = [
  query,
  explain,
  searchObjects,
  describeObject,
  browseRows,
  databaseHealth,
  topQueries,
  indexAdvice,
  securityPosture,
  activity,
] as const;
