import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { gitFixtures, makeTemp } from '../../src/index.ts';

const { buildOrdinary, git, plainGit } = gitFixtures;

const temp = makeTemp();
const layouts = buildOrdinary(temp.path);
const built = layouts.filter(({ needs }) => needs === undefined);

afterAll(() => {
  temp.remove();
});

/** What git says in one of them. */
function says(name: string, ...words: string[]): string {
  return git(join(temp.path, name), words).trimEnd();
}

describe('ordinary repositories', () => {
  test.each(built)('$name is whole: $notes', ({ path }) => {
    const { status, errors } = plainGit(path, ['fsck', '--no-progress']);
    expect([status, errors.toString()]).toEqual([0, expect.not.stringMatching(/^error|^fatal/m)]);
  });

  test.each(layouts.filter(({ needs }) => needs !== undefined))('$name needs $needs', (layout) => {
    expect(existsSync(layout.path)).toBe(false);
  });

  /** A command, and what its answer has to hold: the layout is what it is called. */
  const SIGNS: readonly (readonly [string, readonly string[], RegExp | string])[] = [
    ['packed', ['count-objects', '-v'], /^count: 0$[^]*^packs: 1$/m],
    ['sha256', ['rev-parse', 'HEAD'], /^[0-9a-f]{64}$/],
    ['reftable', ['rev-parse', '--show-ref-format'], 'reftable'],
    ['shallow', ['rev-list', '--count', 'HEAD'], '2'],
    ['shallow', ['rev-parse', '--is-shallow-repository'], 'true'],
    ['sparse', ['ls-files', '-t'], /^S src\/app\.ts$/m],
    ['split-index', ['rev-parse', '--shared-index-path'], /sharedindex/],
    ['bare', ['rev-parse', '--is-bare-repository'], 'true'],
    ['alternates', ['count-objects', '-v'], /^alternate: .*\/plain\/\.git\/objects$/m],
    ['worktree-owner', ['worktree', 'list'], /worktree-linked .*\[linked\]/],
    ['worktree-linked', ['status', '--short'], ' M README.md\nM  src/app.ts'],
    ['submodule', ['submodule', 'status'], /^\+[0-9a-f]{40} library/],
    ['empty', ['status', '--short', '--branch'], /^## No commits yet on main\nA {2}staged\.txt/],
    ['detached', ['branch', '--show-current'], ''],
    ['conflict', ['status', '--short'], /^UU README\.md$/m],
    ['cherry-pick', ['status'], /You are currently cherry-picking/],
    ['rebase', ['status'], /You are currently rebasing branch 'side'/],
    ['revert', ['status'], /You are currently reverting|revert/],
    ['bisect', ['status'], /You are currently bisecting/],
    ['tracking', ['status', '--short', '--branch'], /\[ahead 2, behind 1\]/],
    ['stash', ['stash', 'list'], /^stash@\{0\}: .*second thoughts\nstash@\{1\}: .*first thoughts$/],
    ['reflog', ['reflog', '--format=%gs'], /amend[^]*commit: Try/],
    ['changes', ['diff', '--summary', '-M', 'HEAD~1'], /rename old-name\.txt => newest-name\.txt/],
    ['changes', ['diff', '--summary', 'HEAD~1', 'HEAD'], /mode change 100644 => 100755 script\.sh/],
    ['changes', ['diff', '--stat', 'HEAD'], /binary\.bin +\| Bin 4 -> 2 bytes/],
    ['names', ['ls-files', '-z'], /\nend\.txt\0/],
    ['names', ['ls-files'], String.raw`"not-utf8-\344.txt"`],
    ['merges', ['log', '-1', '--min-parents=3', '--format=%p'], /^\w+ \w+ \w+( \w+)?$/],
    ['tags', ['cat-file', '-p', 'nested'], /^type tag$/m],
    ['filter', ['check-attr', 'filter', 'large.bin'], 'large.bin: filter: lfs'],
    ['autocrlf', ['ls-files', '--eol', 'README.md'], /^i\/lf +w\/crlf/],
    ['autocrlf', ['diff', '--name-only'], 'src/app.ts'],
  ];

  const here = new Set(built.map(({ name }) => name));

  test.each(SIGNS.filter(([name]) => here.has(name)))(
    '%s is what it is called: git %j',
    (name, words, sign) => {
      const answer = says(name, ...words);
      if (sign instanceof RegExp) expect(answer).toMatch(sign);
      else expect(answer.split('\n').includes(sign) || answer === sign).toBe(true);
    },
  );

  test('each layout has a sign', () => {
    const signs = new Set(['plain', ...SIGNS.map(([name]) => name)]);
    expect(layouts.map(({ name }) => name).filter((name) => !signs.has(name))).toEqual([]);
  });
});
