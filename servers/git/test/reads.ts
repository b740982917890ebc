/** A call of a tool. */
export interface ReadCall {
  readonly tool: string;
  readonly args: object;
}

/**
 * Every tool, in every way that reaches other code of git. The repository is one of the test kit's:
 * branches `main` and `side`, a tag, `README.md` and `src/app.ts`.
 */
export const READS: readonly ReadCall[] = [
  { tool: 'git_status', args: {} },
  { tool: 'git_status', args: { untracked: 'all' } },
  { tool: 'git_log', args: { limit: 20 } },
  { tool: 'git_log', args: { detail: 'files', limit: 20 } },
  { tool: 'git_log', args: { detail: 'message', path: 'src/app.ts', follow: true } },
  { tool: 'git_log', args: { author: 'Ada', message: 'the', no_merges: true } },
  { tool: 'git_log', args: { changed_text: 'export', since: '2001-01-01' } },
  { tool: 'git_show', args: { rev: 'HEAD', detail: 'patch' } },
  { tool: 'git_show', args: { rev: 'HEAD~1', detail: 'files' } },
  { tool: 'git_show', args: { rev: 'side', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'unstaged', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'staged', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'head', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'range', base: 'main', head: 'side', detail: 'patch' } },
  { tool: 'git_diff', args: { mode: 'range', base: 'main', head: 'side', merge_base: true } },
  { tool: 'git_file', args: { path: 'README.md' } },
  { tool: 'git_file', args: { path: 'src/app.ts', rev: 'side' } },
  { tool: 'git_tree', args: { depth: 3 } },
  { tool: 'git_tree', args: { path: 'src' } },
  { tool: 'git_grep', args: { pattern: 'e' } },
  {
    tool: 'git_grep',
    args: { pattern: 'ex(port|it)', regex: true, ignore_case: true, context: 2 },
  },
  { tool: 'git_blame', args: { path: 'src/app.ts' } },
  { tool: 'git_blame', args: { path: 'README.md', start_line: 1, end_line: 1 } },
  { tool: 'git_refs', args: {} },
  { tool: 'git_refs', args: { contains: 'HEAD~1' } },
  { tool: 'git_refs', args: { merged_into: 'main', sort: 'newest' } },
  { tool: 'git_reflog', args: {} },
  { tool: 'git_reflog', args: { ref: 'stash' } },
  { tool: 'git_contributors', args: {} },
  { tool: 'git_contributors', args: { path: 'src/app.ts' } },
  { tool: 'git_compare', args: { base: 'main', head: 'side' } },
  { tool: 'git_audit', args: {} },
];
