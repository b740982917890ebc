import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  type Answer,
  connect,
  gitFixtures,
  makeTemp,
  recordsOf,
  type TestClient,
  treeDigest,
} from '@secure-mcp/testkit';

import type { Stage } from './stage.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const GIT_SERVER = join(REPOSITORY, 'servers/git/dist/main.cjs');

/** Traps that plain git walks into on the commands that a model asks for most. */
const SHOWN: ReadonlySet<string> = new Set([
  'fsmonitor',
  'diff-external',
  'textconv',
  'filter-clean',
  'lazy-file',
  'worktree-outside',
]);

/** The git act: this repository itself, and then some that were built to hurt their reader. */
export async function playGit(stage: Stage): Promise<void> {
  stage.act('git');
  const temp = makeTemp('DEMO');
  const traps = gitFixtures.buildHostile(temp.path);
  const own = existsSync(join(REPOSITORY, '.git')) ? REPOSITORY : join(temp.path, 'ordinary');
  const client = await connect('v2 modern', {
    command: process.execPath,
    args: [GIT_SERVER, `own=${own}`, `traps=${join(temp.path, 'repositories')}`],
  });
  try {
    stage.note('this repository, and a directory of hostile ones; none of them is trusted');
    await playUse(stage, client);
    await playWords(stage, client, temp.path);
    await playTraps(stage, client, traps);
    playAfter(stage, client);
  } finally {
    await client.close();
    temp.remove();
  }
}

async function playUse(stage: Stage, client: TestClient): Promise<void> {
  const call = async (name: string, args: object, fits: (answer: Answer) => boolean) => {
    const answer = await client.call(name, args);
    stage.shows(`${name} ${JSON.stringify(args)}`, answer.text, !answer.isError && fits(answer));
    return answer;
  };
  const any = (): boolean => true;

  stage.scene('A model asks');
  const tools = await client.listTools();
  stage.shows('tools/list', tools.map(({ name }) => String(name)).join(', '), tools.length === 14);
  await call('git_repos', { limit: 5 }, ({ text }) => text.includes('own'));
  const page = await call('git_log', { limit: 3 }, ({ text }) => /[0-9a-f]{7}/.test(text));
  const cursor = page.structured['next_cursor'];
  if (typeof cursor === 'string') await call('git_log', { limit: 3, cursor }, any);
  await call('git_show', { rev: 'HEAD', detail: 'files' }, any);
  await call('git_file', { path: 'README.md', end_line: 4 }, any);
  await call('git_grep', { pattern: 'the', limit: 3 }, any);
  await call('git_blame', { path: 'README.md', start_line: 1, end_line: 3 }, any);
  await call('git_contributors', {}, any);
  await call('git_compare', { repo: 'traps/fsmonitor', base: 'main', head: 'side' }, ({ text }) =>
    /conflict/i.test(text),
  );
}

/** A value that would be an option, a range or a path of its own. */
const WORDS: readonly (readonly [control: string, attack: string, tool: string, args: object])[] = [
  ['C2', 'an option that writes a file', 'git_show', { rev: '--output=PWNED' }],
  ['C2', 'an option that runs a program', 'git_grep', { rev: '-Otouch PWNED', pattern: 'x' }],
  ['C2', 'a search through all of history', 'git_show', { rev: ':/(a+)+$' }],
  ['C2', 'a file outside, as a path', 'git_blame', { path: '../../etc/passwd' }],
  ['C2', 'git’s own directory, as a path', 'git_file', { path: '.GIT/config' }],
  ['C3', 'a repository that nobody named', 'git_log', { repo: '../../other' }],
  [
    'E13',
    'an expression that explodes',
    'git_grep',
    { pattern: '((a{1,99}){1,99}){1,99}', regex: true },
  ],
];

async function playWords(stage: Stage, client: TestClient, directory: string): Promise<void> {
  stage.scene('Somebody else writes the arguments');
  for (const [control, attack, tool, args] of WORDS) {
    const { isError, text } = await client.call(tool, args);
    const left = existsSync(join(directory, 'PWNED')) || existsSync(join(REPOSITORY, 'PWNED'));
    stage.meets(control, attack, text, isError && !left);
  }
}

async function playTraps(
  stage: Stage,
  client: TestClient,
  traps: readonly gitFixtures.BuiltVector[],
): Promise<void> {
  stage.scene('Somebody else built the repository');
  for (const trap of traps.filter(({ name }) => SHOWN.has(name))) {
    const { place, naive, name, row } = trap;
    const before = treeDigest(place.repository);
    const repo = `traps/${name}`;
    const answers = [
      await client.call('git_status', { repo }),
      await client.call('git_log', { repo, detail: 'files' }),
      await client.call('git_show', { repo, rev: 'HEAD', detail: 'patch' }),
      await client.call('git_diff', { repo, mode: 'head', detail: 'patch' }),
    ];
    const told = answers.map(({ text }) => text).join('\n');
    const held =
      !existsSync(place.canary.file) &&
      !told.includes(place.marker) &&
      treeDigest(place.repository) === before;
    // Plain git comes last: it changes what it reads.
    const bitten = naive.some((command) => {
      const { output, errors } = gitFixtures.plainGit(place.repository, command);
      return (
        existsSync(place.canary.file) ||
        output.includes(place.marker) ||
        errors.includes(place.marker)
      );
    });
    rmSync(place.canary.file, { force: true });
    const here = held ? 'nothing ran, nothing from outside was shown' : 'THE TRAP WENT OFF';
    const plain = bitten ? 'plain git walked into it' : 'plain git knows this one';
    stage.meets('C6', `${row} (${plain})`, here, held);
  }
  const audit = await client.call('git_audit', { repo: 'traps/fsmonitor' });
  stage.shows('git_audit {"repo":"traps/fsmonitor"}', audit.text, /fsmonitor/.test(audit.text));
}

function playAfter(stage: Stage, client: TestClient): void {
  stage.scene('The trail');
  const records = recordsOf(client).filter(({ type }) => type === 'tool.call');
  const refused = records.filter(({ outcome }) => outcome === 'deny').length;
  stage.meets(
    'C9',
    'every call left a record, and none holds a value',
    `${String(records.length)} records, ${String(refused)} refusals`,
    records.length > 20 && refused >= WORDS.length && !/PWNED|passwd/.test(client.stderr()),
  );
}
