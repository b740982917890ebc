import { existsSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { gitFixtures, makeTemp } from '../../src/index.ts';

const { buildHostile, gitVersion, isAtLeast, plainGit, VECTORS } = gitFixtures;

const temp = makeTemp();
const version = gitVersion();
const ordinary = join(temp.path, 'ordinary');
const built = buildHostile(temp.path);

afterAll(() => {
  temp.remove();
});

/** Why this git is not bitten, if it is not. */
function spared({ since, until }: gitFixtures.HostileVector): string | undefined {
  if (since !== undefined && !isAtLeast(version, since)) return `bites since ${since}`;
  if (until !== undefined && isAtLeast(version, `${until}.1000`)) return `bit until ${until}`;
  return undefined;
}

/** What a command says, in one text. Its file looks changed, so that git has a reason to look again. */
function said(repository: string, words: readonly string[], terminal = false): string {
  const { output, errors } = plainGit(repository, words, { terminal });
  return `${output.toString()}\n${errors.toString()}`;
}

/** The commands that did not do what the vector promises: each has to. */
function harmless(vector: gitFixtures.BuiltVector): readonly string[] {
  return vector.naive.filter((words, turn) => !bitten(vector, words, turn)).map(String);
}

function bitten(vector: gitFixtures.BuiltVector, words: readonly string[], turn: number): boolean {
  const { repository, canary, marker } = vector.place;
  rmSync(canary.file, { force: true });
  const readme = join(repository, 'README.md');
  if (existsSync(readme)) utimesSync(readme, 1_600_000_000 + turn, 1_600_000_000 + turn);
  const run = (): string => said(repository, words, vector.terminal);
  switch (vector.bites) {
    case 'executes':
      run();
      return existsSync(canary.file);
    case 'reads outside':
      return run().includes(marker);
    case 'writes':
      return appears(join(repository, String(vector.written)), run);
    case 'hangs':
      return plainGit(repository, words, { timeoutMs: 2000 }).late;
    case 'exhausts':
      return plainGit(repository, words).overflowed;
    case 'hides':
      return (
        said(ordinary, words).includes(String(vector.hidden)) &&
        !run().includes(String(vector.hidden))
      );
    case 'forges':
      return (
        run().includes(String(vector.forged)) &&
        !said(ordinary, ['--literal-pathspecs', ...words]).includes(String(vector.forged))
      );
    case 'nothing':
      return !run().includes(marker) && !existsSync(canary.file);
  }
}

function appears(file: string, run: () => string): boolean {
  rmSync(file, { force: true });
  run();
  return existsSync(file);
}

describe(`plain git ${version} is bitten`, () => {
  test('names are unique, and good for a directory', () => {
    const names = VECTORS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))).toEqual([]);
  });

  test.each(built.filter((vector) => spared(vector) === undefined))(
    '$name $bites: $row',
    (vector) => {
      expect(harmless(vector)).toEqual([]);
    },
  );
});

describe('names that are options', () => {
  test('are names of branches and of files', () => {
    const listed = (name: string, ...words: string[]): readonly string[] =>
      gitFixtures.git(join(temp.path, 'repositories', name), words).split(/[\n\0]/);
    const branches = listed('option-like-branch', 'for-each-ref', '--format=%(refname)');
    const files = listed('option-like-file', 'ls-files', '-z');
    expect(branches).toContain('refs/heads/--output=pwned');
    expect(files).toEqual(expect.arrayContaining(['-O', '--output=pwned', '-O: >pwned;:']));
    expect(listed('pattern-like-file', 'ls-files', '-z')).toContain(':(glob)**');
  });
});

const elsewhere = built.flatMap((vector) => {
  const reason = spared(vector);
  return reason === undefined ? [] : [{ ...vector, reason }];
});

describe.runIf(elsewhere.length > 0)(`plain git ${version} is not bitten yet, or no more`, () => {
  test.each(elsewhere)('$name $reason', (vector) => {
    expect(harmless(vector)).toEqual(vector.naive.map(String));
  });
});
