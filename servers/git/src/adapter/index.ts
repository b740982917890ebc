export { findGit } from './git-binary.ts';
export type * from './handle.ts';
export { type OpenedRoot, openRoot } from './open-roots.ts';
export { createRepositories, type RepositoriesOptions } from './repositories.ts';
export type * from './repository.ts';
export type * from './results.ts';
