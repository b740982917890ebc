import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type RepositoryId = Trusted<
  { readonly root: string; readonly steps: readonly string[] },
  'RepositoryId'
>;
export const repositoryId = boundedText(512);
