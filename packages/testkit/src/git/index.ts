export { type BigSize, buildBig } from './big.ts';
export { BOMBS, buildBomb, type BuiltBomb } from './bombs.ts';
export type { Bomb } from './bombs/bomb.ts';
export { type BuiltVector, buildHostile, VECTORS } from './hostile.ts';
export { OPTION_LIKE } from './hostile/options.ts';
export type { Bite, Canary, HostilePlace, HostileVector } from './hostile/vector.ts';
export { buildOrdinary } from './ordinary.ts';
export type { OrdinaryLayout } from './ordinary/layout.ts';
export { reftableBytes, tableName } from './reftable.ts';
export {
  git,
  type GitOptions,
  gitVersion,
  isAtLeast,
  plainGit,
  type PlainOptions,
  type PlainRun,
  scrubbedEnvironment,
} from './run.ts';
export {
  type Execution,
  executionsOf,
  type Fork,
  forksOf,
  straceProblem,
  traced,
  traceExecutions,
} from './zero-exec.ts';
