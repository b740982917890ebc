import { join } from 'node:path';

import { gitFixtures, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Caller, listOf, makeCaller } from './caller.ts';

const temp = makeTemp();
const LINE = 'QUJD'.repeat(19);
let caller: Caller;

beforeAll(() => {
  const repository = join(temp.path, 'app');
  temp.write('app/large.b64', `${LINE}\n`.repeat(140_000));
  temp.write('app/git~1', `${LINE}\n`);
  gitFixtures.git(repository, ['init', '--quiet']);
  // A name that no caller may write, because some file systems take it for `.git`.
  gitFixtures.git(repository, ['-c', 'core.protectNTFS=false', 'add', '--all']);
  gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Data']);
  caller = makeCaller({ app: repository });
});
afterAll(async () => {
  await caller?.close();
  temp.remove();
});

test('a line of a file that cannot be named is covered, and the search goes on', async () => {
  const answer = await caller.call('git_grep', { pattern: 'QUJD', limit: 2 });
  const lines = listOf(answer, 'lines');
  expect(lines.map(({ path }) => path)).toEqual(['git~1', 'large.b64']);
  expect(lines[0]?.['text']).toMatch(/^\[redacted: private-key\]\**$/);
  expect(lines[1]?.['text']).toBe(LINE);
});

test(
  verifies('E13.deadline', 'many lines of a large file of base64 do not read it once for each'),
  async () => {
    const started = performance.now();
    const answer = await caller.call('git_grep', { pattern: 'QUJD', limit: 200 });
    // Once for each takes a tenth of a second, two hundred times.
    expect(performance.now() - started).toBeLessThan(12_000);
    expect(listOf(answer, 'lines')).toHaveLength(200);
  },
);

test('a line that is longer than the answer is told to be cut', async () => {
  temp.write('app/long.txt', 'x'.repeat(400_000));
  gitFixtures.git(join(temp.path, 'app'), ['add', 'long.txt']);
  gitFixtures.git(join(temp.path, 'app'), ['commit', '--quiet', '--message', 'Long']);
  const { output } = await caller.call('git_file', { path: 'long.txt' });
  expect(output).toMatchObject({ truncated: true, file: { line_cut: true } });
});
