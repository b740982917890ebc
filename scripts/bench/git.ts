import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { gitFixtures } from '@secure-mcp/testkit';

import { compareCalls, digits, type Row } from './compare.ts';
import { openPeer } from './peer.ts';

export const GIT = fileURLToPath(new URL('../../servers/git/dist/main.cjs', import.meta.url));
const RAW = fileURLToPath(new URL('./raw-git.cjs', import.meta.url));
const SIZE = { commits: 20_000, files: 3000 };

/** Our server beside plain git, which a raw loop starts, on one generated repository, in turns. */
export async function benchGit(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'secure-mcp-bench-git-'));
  const repository = join(directory, 'big');
  try {
    gitFixtures.buildBig(repository, SIZE);
    const ours = await openPeer([GIT, `big=${repository}`, '--rate-limit', '1000000/1']);
    const raw = await openPeer([RAW, repository]);
    const table = [];
    for (const row of rowsFor(repository)) table.push(await compareCalls(row, ours, raw));
    console.log(`git, ${String(SIZE.commits)} commits, beside plain git`);
    console.table(table);
    console.log(`git, after all that: ${digits(ours.memory())} MiB`);
    await Promise.all([ours.end(), raw.end()]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same question to both, each in its own words. */
function rowsFor(repository: string): readonly Row[] {
  const git = (...args: readonly string[]) => ({ git: args });
  const path = printed(repository, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n')[7] ?? '';
  const history = ['--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%s', '-z'];
  return [
    {
      name: 'a file at a revision',
      tool: 'git_file',
      ours: { rev: 'HEAD~10', path },
      raw: git('cat-file', 'blob', `HEAD~10:${path}`),
      rounds: 500,
      goal: '1.2',
    },
    {
      name: 'log, 50 commits',
      tool: 'git_log',
      ours: { limit: 50 },
      raw: git('log', '-50', ...history),
      rounds: 200,
      goal: '4',
    },
    {
      name: 'log of one path',
      tool: 'git_log',
      ours: { path, limit: 20 },
      raw: git('log', '-20', ...history, '--', path),
      rounds: 20,
      goal: '1.2 of plain',
    },
    {
      name: 'status',
      tool: 'git_status',
      ours: {},
      raw: git('status', '--porcelain=v2', '--branch', '-z'),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      name: 'diff of twenty commits',
      tool: 'git_diff',
      ours: { mode: 'range', base: 'HEAD~20', head: 'HEAD' },
      raw: git('diff', 'HEAD~20', 'HEAD'),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      name: 'show',
      tool: 'git_show',
      ours: { rev: 'HEAD', detail: 'patch' },
      raw: git('show', 'HEAD'),
      rounds: 100,
      goal: '1.2 of plain',
    },
    {
      name: 'blame, 50 lines',
      tool: 'git_blame',
      ours: { path, start_line: 1, end_line: 50 },
      raw: git('blame', '--porcelain', '-L', '1,50', 'HEAD', '--', path),
      rounds: 20,
      goal: '1.2 of plain',
    },
    {
      name: 'search the tree',
      tool: 'git_grep',
      ours: { pattern: 'needle' },
      raw: git('grep', '-n', '-F', 'needle', 'HEAD'),
      rounds: 20,
      goal: '1.2 of plain',
    },
    {
      name: 'refs',
      tool: 'git_refs',
      ours: {},
      raw: git('for-each-ref', '--format=%(refname)%00%(objectname)%00%(upstream:track)'),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      name: 'compare two branches',
      tool: 'git_compare',
      ours: { base: 'HEAD~500', head: 'HEAD' },
      raw: git('rev-list', '--left-right', '--count', 'HEAD~500...HEAD'),
      rounds: 20,
      goal: '',
    },
  ];
}

function printed(repository: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8', maxBuffer: 1 << 28 });
}
