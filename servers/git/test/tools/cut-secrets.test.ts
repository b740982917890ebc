import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitFixtures, makeTemp, verifies } from '@secure-mcp/testkit';
import { redactSecrets } from '@secure-mcp/validation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Answer, type Caller, makeCaller } from './caller.ts';

/** Each is recognised only as a whole; made up here, so that no scanner takes this file for a leak. */
const TOKEN = `ghp_${Array.from({ length: 36 }, (_, at) => 'aZ3kQ9mXb7'.charAt((at * 7) % 10)).join('')}`;
const HEADER = `Authorization: Basic ${'QWxhZGRpbjpvcGVuIHNlc2FtZQ0'.repeat(40)}`;

/** What a cut at a certain place leaves of a token: all but its last letter. */
const short = (charactersMax: number, letter: string): string =>
  letter.repeat(charactersMax - TOKEN.length + 1) + TOKEN;

const temp = makeTemp();
const path = join(temp.path, 'app');
let caller: Caller;

beforeAll(() => {
  const commit = (message: string, ...args: readonly string[]): void => {
    gitFixtures.git(path, ['add', '--all']);
    gitFixtures.git(path, ['commit', '--quiet', '--message', message, ...args]);
  };
  const lines = Array.from({ length: 10 }, (_, at) => `\t${String(at)}\n`).join('');
  temp.write('app/head.txt', `${short(80, 'x')} end\n${lines}\tone\n`);
  gitFixtures.git(path, ['init', '--quiet']);
  commit('Begin');
  temp.write('app/head.txt', `${short(80, 'x')} end\n${lines}\ttwo\n`);
  temp.write('app/end.txt', `${short(2000, 'z')} ${'z'.repeat(4000)}\n`);
  temp.write('app/window.txt', `${short(1500, 'w')} ${'w'.repeat(4000)}\n`);
  const numbers = Array.from({ length: 200 }, (_, at) => `<${String(at).padStart(3, '0')}>`).join(
    '',
  );
  temp.write('app/token.json', `{"a":"${'x'.repeat(600)}","b":"${TOKEN}${numbers}"}`);
  temp.write('app/far.txt', `${'f'.repeat(70_000)}${TOKEN}${numbers}`);
  temp.write('app/header.txt', `${'h'.repeat(800)} ${HEADER} needle ${'n'.repeat(3000)}\n`);
  temp.write(
    'app/.gitattributes',
    `* filter=${short(256 - '.gitattributes: filter='.length, 'f')}\n`,
  );
  commit(
    `Say something\n\n${short(4096, 'm')} end`,
    '--author',
    `${short(256, 'n')} <${short(256, 'e')}@example.org>`,
  );
  const head = gitFixtures.git(path, ['rev-parse', 'HEAD']).trim();
  writeFileSync(
    join(path, '.git/logs/HEAD'),
    `${'0'.repeat(40)} ${head} ${short(512, 'r')} <a@example.org> 1700000000 +0000\t${short(4096, 'l')} end\n`,
  );
  caller = makeCaller({ app: path });
});
afterAll(async () => {
  await caller.close();
  temp.remove();
});

/** Everything that leaves, after the policy that each answer of every server passes. */
function policed({ output, text }: Answer): string {
  return redactSecrets(JSON.stringify(output)).text + redactSecrets(text).text;
}

const PIECES = [TOKEN, HEADER.slice('Authorization: Basic '.length)].flatMap((secret) =>
  Array.from({ length: secret.length - 12 }, (_, at) => secret.slice(at, at + 12)),
);

const QUESTIONS: readonly (readonly [tool: string, args: object])[] = [
  ['git_file', { path: 'window.txt', max_bytes: 1500 }],
  ['git_file', { path: 'window.txt', max_bytes: 1499 }],
  ['git_blame', { path: 'end.txt' }],
  ['git_grep', { pattern: 'zzzz', paths: ['end.txt'] }],
  // What is shown begins 500 bytes before what is found, and that in all places of the token.
  ...Array.from(
    { length: 12 },
    (_, at) =>
      [
        'git_grep',
        { pattern: `<${String(at + 90).padStart(3, '0')}>`, paths: ['token.json'] },
      ] as const,
  ),
  ...Array.from(
    { length: 12 },
    (_, at) =>
      [
        'git_grep',
        { pattern: `<${String(at + 90).padStart(3, '0')}>`, paths: ['far.txt'] },
      ] as const,
  ),
  ['git_grep', { pattern: 'needle', paths: ['header.txt'] }],
  ['git_log', { detail: 'message' }],
  ['git_show', { rev: 'HEAD', detail: 'patch', paths: ['head.txt'] }],
  ['git_diff', { mode: 'range', base: 'HEAD~1', head: 'HEAD', paths: ['head.txt'] }],
  ['git_reflog', {}],
  ['git_contributors', {}],
  ['git_audit', {}],
];

describe(verifies('E6.redacted', 'a cut leaves nothing of a secret'), () => {
  test.each(QUESTIONS)('%s %j', async (tool, args) => {
    const shown = policed(await caller.call(tool, args));
    expect(PIECES.filter((piece) => shown.includes(piece))).toEqual([]);
    // What was searched is there, and so is the place where something else was cut.
    expect(shown).toContain('pattern' in args ? args.pattern : '');
  });
});
