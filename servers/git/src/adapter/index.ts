export { findGit } from './git-binary.ts';
export type * from './handle.ts';
export { openRoot } from './open-roots.ts';
export { createRepositories } from './repositories.ts';
export { privateParentProblem } from './repository/private-parent.ts';
export type * from './repository.ts';
export type * from './results.ts';
