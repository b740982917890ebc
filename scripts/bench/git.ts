import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { gitFixtures } from '@secure-mcp/testkit';

import { compareCalls, digits, type Row } from './compare.ts';
import { median, openPeer, type Peer } from './peer.ts';

export const GIT = fileURLToPath(new URL('../../servers/git/dist/main.cjs', import.meta.url));
const RAW = fileURLToPath(new URL('./raw-git.cjs', import.meta.url));
const SIZE = { commits: 20_000, files: 3000 };

/** Our server beside plain git, which a raw loop starts, on one generated repository, in turns. */
export async function benchGit(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'secure-mcp-bench-git-'));
  const repository = join(directory, 'big');
  try {
    gitFixtures.buildBig(repository, SIZE);
    const first = await firstCall(repository);
    const ours = await openOurs(repository);
    const raw = await openPeer([RAW, repository]);
    const table = [];
    for (const row of rowsFor(repository)) table.push(await compareCalls(row, ours, raw));
    console.log(`git, ${String(SIZE.commits)} commits, beside plain git`);
    console.table([first, ...table]);
    console.log(`git, after all that: ${digits(ours.memory())} MiB`);
    await Promise.all([ours.end(), raw.end()]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function openOurs(repository: string): Promise<Peer> {
  return openPeer([GIT, `big=${repository}`, '--rate-limit', '1000000/1']);
}

const STARTS = 11;

/** What nobody asked before: the repository is looked through, and its private directory is made. */
async function firstCall(repository: string) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < STARTS; round += 1) {
    const ours = await openOurs(repository);
    const raw = await openPeer([RAW, repository]);
    const log = { name: 'git_log', arguments: { limit: 50 } };
    times[0].push(await ours.ask('tools/call', log));
    times[1].push(await raw.ask('tools/call', { arguments: { git: ['log', '-50', ...HISTORY] } }));
    await Promise.all([ours.end(), raw.end()]);
  }
  const [our, limit] = times.map(median);
  return {
    call: 'log, as the first call on a repository',
    'ours p50 ms': digits(our),
    'raw p50 ms': digits(limit),
    ratio: digits((our ?? 0) / (limit ?? 1)),
  };
}

const HISTORY = ['--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%s', '-z'];
const BEFORE = (round: number, back = 0): string => `HEAD~${String(round + back)}`;

/** The same question to both, each in its own words. */
function rowsFor(repository: string): readonly Row[] {
  const path = printed(repository, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n')[7] ?? '';
  return [...filesAndHistory(path), ...changes(), ...states()];
}

const git = (...args: readonly string[]) => ({ git: args });
const gits = (...commands: readonly (readonly string[])[]) => ({ gits: commands });

function filesAndHistory(path: string): readonly Row[] {
  return [
    {
      name: 'a file at a revision',
      tool: 'git_file',
      ours: (round) => ({ rev: BEFORE(round), path }),
      raw: (round) => git('cat-file', 'blob', `${BEFORE(round)}:${path}`),
      rounds: 500,
      goal: '1.2',
    },
    {
      name: 'log, 50 commits',
      tool: 'git_log',
      ours: { limit: 50 },
      raw: git('log', '-50', ...HISTORY),
      rounds: 200,
      goal: '4',
    },
    {
      name: 'log, 50 commits that nobody asked for yet',
      tool: 'git_log',
      ours: (round) => ({ limit: 50, to: BEFORE(round * 60) }),
      raw: (round) => git('log', '-50', ...HISTORY, BEFORE(round * 60)),
      rounds: 100,
      goal: '1 of plain',
    },
    {
      name: 'log, 50 commits with their files',
      tool: 'git_log',
      ours: (round) => ({ limit: 50, detail: 'files', to: BEFORE(round * 60) }),
      raw: (round) => git('log', '-50', '--raw', '--numstat', '-M', ...HISTORY, BEFORE(round * 60)),
      rounds: 40,
      goal: '1.2 of plain',
    },
    {
      name: 'log of one path',
      tool: 'git_log',
      ours: { path, limit: 20 },
      raw: git('log', '-20', ...HISTORY, '--', path),
      rounds: 20,
      goal: '1.2 of plain',
    },
    {
      name: 'blame, 50 lines',
      tool: 'git_blame',
      ours: (round) => ({ path, rev: BEFORE(round), start_line: 1, end_line: 50 }),
      raw: (round) => git('blame', '--porcelain', '-L', '1,50', BEFORE(round), '--', path),
      rounds: 20,
      goal: '1.2 of plain',
    },
  ];
}

function changes(): readonly Row[] {
  return [
    {
      name: 'diff of twenty commits',
      tool: 'git_diff',
      ours: (round) => ({ mode: 'range', base: BEFORE(round, 20), head: BEFORE(round) }),
      raw: (round) => git('diff', '--stat', '-p', BEFORE(round, 20), BEFORE(round)),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      name: 'show',
      tool: 'git_show',
      ours: (round) => ({ rev: BEFORE(round), detail: 'patch' }),
      raw: (round) => git('show', '--stat', '-p', BEFORE(round)),
      rounds: 100,
      goal: '1.2 of plain',
    },
    {
      // Plain git needs three commands for what one answer tells.
      name: 'compare a branch with its beginning',
      tool: 'git_compare',
      ours: (round) => ({ base: BEFORE(round, 500), head: BEFORE(round) }),
      raw: (round) =>
        gits(
          ['merge-base', '--all', BEFORE(round, 500), BEFORE(round)],
          ['rev-list', '--left-right', `${BEFORE(round, 500)}...${BEFORE(round)}`],
          ['merge-tree', '--write-tree', BEFORE(round, 500), BEFORE(round)],
        ),
      rounds: 20,
      goal: '1.2 of plain',
    },
  ];
}

function states(): readonly Row[] {
  return [
    {
      name: 'status',
      tool: 'git_status',
      ours: {},
      raw: git('status', '--porcelain=v2', '--branch', '-z'),
      rounds: 50,
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
      raw: git('for-each-ref', `--format=${REF}`),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      // Numbers and times come from one command each, in plain git as well.
      name: 'reflog',
      tool: 'git_reflog',
      ours: {},
      raw: gits(['log', '-g', '-50', ENTRY], ['log', '-g', '-50', '--date=raw', ENTRY]),
      rounds: 50,
      goal: '1.2 of plain',
    },
    {
      name: 'contributors of a history that nobody asked for yet',
      tool: 'git_contributors',
      ours: (round) => ({ rev: BEFORE(round) }),
      raw: (round) => git('shortlog', '-sne', BEFORE(round)),
      rounds: 8,
      goal: '1.2 of plain',
    },
  ];
}

const REF = '%(refname)%00%(objectname)%00%(upstream:track)%00%(creatordate)%00%(subject)';
const ENTRY = '--format=%H %gd %gn %ge %gs';

function printed(repository: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8', maxBuffer: 1 << 28 });
}
