export { activity, bindActivity, type Session } from './activity.ts';
export { bindBrowsable, browsable } from './browse.ts';
export { bindCounted, type Counted, countFindings, type NamedFinding } from './counted.ts';
export { bindDescribe, describeRelation, type Description, ENTRIES_MAX } from './describe.ts';
export { bindOutline, outlineRelations, type OutlinedRelation } from './outline.ts';
export { bindPlanned, planned } from './plan.ts';
export { bindSearch, type FoundObject, OBJECT_KINDS, searchObjects } from './search.ts';
export type { Shown } from './shown.ts';
export {
  bindTopStatements,
  type CountedStatement,
  ORDERS,
  statementStatistics,
  topStatements,
} from './statements.ts';
export { bindShownTypes, shownTypes } from './types.ts';
export { type Vitals, vitals } from './vitals.ts';
