import type { ReadCall } from '../reads.ts';

/**
 * Every tool that reads a repository, once, in the way that reaches most of git. All ways are asked
 * outside of containers (hostile.test.ts); it is the same program.
 */
export const ONCE: readonly ReadCall[] = [
  { tool: 'git_status', args: { untracked: 'all' } },
  { tool: 'git_log', args: { detail: 'files', limit: 20 } },
  { tool: 'git_show', args: { rev: 'HEAD', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'unstaged', detail: 'patch' } },
  { tool: 'git_file', args: { path: 'src/app.ts', rev: 'side' } },
  { tool: 'git_tree', args: { depth: 3 } },
  { tool: 'git_grep', args: { pattern: 'ex(port|it)', regex: true, context: 2 } },
  { tool: 'git_blame', args: { path: 'src/app.ts' } },
  { tool: 'git_refs', args: { merged_into: 'main', sort: 'newest' } },
  { tool: 'git_reflog', args: {} },
  { tool: 'git_contributors', args: {} },
  { tool: 'git_compare', args: { base: 'main', head: 'side' } },
  { tool: 'git_audit', args: {} },
];
