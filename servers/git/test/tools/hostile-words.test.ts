import { readdirSync } from 'node:fs';

import { Refusal } from '@secure-mcp/validation';
import { gitFixtures, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { tools } from '../../src/tools/index.ts';
import { type Caller, makeCaller } from './caller.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
let caller: Caller;
beforeAll(() => {
  world = makeWorld();
  caller = makeCaller({ app: world.path });
});
afterAll(async () => {
  await caller?.close();
  world?.temp.remove();
});

/** Parameters whose text is the data's own, so that no schema can refuse what looks like an option. */
const FREE: readonly (readonly [tool: string, parameter: string, beside: object])[] = [
  ['git_status', 'paths', {}],
  ['git_log', 'path', {}],
  ['git_log', 'path', { follow: true }],
  ['git_log', 'author', {}],
  ['git_log', 'message', {}],
  ['git_log', 'changed_text', {}],
  ['git_show', 'paths', {}],
  ['git_diff', 'paths', {}],
  ['git_diff', 'paths', { mode: 'staged' }],
  ['git_diff', 'paths', { mode: 'head' }],
  ['git_diff', 'paths', { mode: 'range', base: 'v1.0' }],
  ['git_file', 'path', {}],
  ['git_tree', 'path', {}],
  ['git_grep', 'pattern', {}],
  ['git_grep', 'pattern', { regex: true }],
  ['git_grep', 'paths', { pattern: 'needle' }],
  ['git_blame', 'path', {}],
  ['git_refs', 'name', {}],
  ['git_contributors', 'path', {}],
];

const WORDS: readonly string[] = [
  ...gitFixtures.OPTION_LIKE,
  '--output=PWNED',
  '--outp=PWNED',
  '-oPWNED',
  '--open-files-in-pager=touch PWNED',
  '-Otouch PWNED',
  '--upload-pack=touch PWNED',
  '--exec=touch PWNED',
  '--ext-diff',
  '--contents=/etc/passwd',
  '-S/etc/passwd',
  '--no-index',
  '--pathspec-from-file=/etc/passwd',
  '-f/etc/passwd',
  '--help',
  '$(touch PWNED)',
  '`touch PWNED`',
  '; touch PWNED',
  '%x00%n',
];

/** Magic that would ask for other paths than the one that is written. */
const MAGIC = [':(glob)**', ':(top)*', ':/', ':(exclude)x', ':!x', '*', '[a-z]*', ':(attr:x)'];

test('every parameter that takes any text is here', () => {
  const free = tools.flatMap(({ name, input }) =>
    Object.keys(Object(input.json('input')['properties']))
      .filter((parameter) =>
        ['path', 'paths', 'pattern', 'author', 'message', 'changed_text', 'name'].includes(
          parameter,
        ),
      )
      .map((parameter) => `${name}.${parameter}`),
  );
  expect(new Set(FREE.map(([tool, parameter]) => `${tool}.${parameter}`))).toEqual(new Set(free));
});

test.each(FREE)(
  verifies('C2.arguments', '%s: what looks like an option in %s is a text (%j)'),
  async (tool, parameter, beside) => {
    const before = [
      treeDigest(world.path),
      readdirSync(process.cwd()),
      readdirSync(world.temp.path),
    ];
    for (const word of [...WORDS, ...MAGIC]) {
      const args = { ...beside, [parameter]: parameter === 'paths' ? [word] : word };
      const told = await caller.call(tool, args).then(
        ({ output, text }) => JSON.stringify(output) + text,
        (error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
          return error.code;
        },
      );
      expect(told).not.toContain('root:x:0');
      // A word that is read as an option makes git print its usage, or end.
      expect([word, told]).not.toEqual([word, 'repository.broken']);
    }
    const after = [
      treeDigest(world.path),
      readdirSync(process.cwd()),
      readdirSync(world.temp.path),
    ];
    expect(after).toEqual(before);
  },
  120_000,
);

test.each(MAGIC)(verifies('C2.arguments', 'the path %s asks for nothing else'), async (path) => {
  const found = await caller.call('git_grep', { pattern: 'needle', paths: [path] });
  expect(found.output).toMatchObject({ lines: [], files: 0 });
  const logged = await caller.call('git_log', { path });
  expect(logged.output).toMatchObject({ commits: [] });
});

test('files that are called like options are found by their names', async () => {
  for (const path of ['-O', '--output=pwned']) {
    const found = await caller.call('git_grep', { pattern: 'needle', paths: [path] });
    expect(found.output).toMatchObject({ files: 1 });
    const logged = await caller.call('git_log', { path });
    expect(logged.output['commits']).toHaveLength(1);
    const blamed = await caller.call('git_blame', { path });
    expect(blamed.output).toMatchObject({ total_lines: 1 });
    const counted = await caller.call('git_contributors', { path });
    expect(counted.output).toMatchObject({ commits: 1 });
  }
});
