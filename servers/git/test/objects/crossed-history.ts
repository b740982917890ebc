import type { TempDirectory } from '@secure-mcp/testkit';

import type { Oid } from '../../src/guard/index.ts';
import { plainGit } from '../process/profile.ts';
import { commitBytes, writeObject } from './raw.ts';

const COMMITS = 180;
const FILES = 12;

/** Makes a history with branches that cross, dates that lie, merges, an octopus, and a renamed file. */
export function buildCrossedHistory(temp: TempDirectory, repository: string): Oid {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  const trees = writeTrees(temp, repository);
  const next = createRandom(7);
  const commits: Oid[] = [];
  for (let made = 0; made < COMMITS; made += 1) {
    // Every third date is a lie, and many are the same.
    const lie = next(3) === 0 ? next(1000) - 500 : made * 3;
    const date = 1_700_000_000 + lie - (made % 2);
    const bytes = commitBytes({
      tree: trees[Math.floor((made * FILES) / COMMITS)] ?? '',
      parents: parentsFor(commits, next),
      author: `${['Ann', 'Bob', 'Zoë'][made % 3]} <${made % 3}@example.org> ${date} +0${made % 9}00`,
      message: `change ${made}\n\nbody with ${made % 5 === 0 ? 'a.b' : 'nothing'}\n`,
    });
    commits.push(writeObject(repository, 'commit', Buffer.from(bytes, 'utf8')));
  }
  const parents = commits.filter((_, index) => index > 150 && index % 7 === 4).toReversed();
  const author = 'A <a@b> 1700001000 +0000';
  const tip = commitBytes({ tree: trees.at(-1) ?? '', parents, author });
  const oid = writeObject(repository, 'commit', tip);
  plainGit(repository, ['update-ref', 'refs/heads/main', oid]);
  return oid;
}

/** Mostly the commit before, sometimes any other one, sometimes several. */
function parentsFor(commits: readonly Oid[], next: (below: number) => number): readonly Oid[] {
  const any = (): Oid[] => commits.slice(next(commits.length)).slice(0, 1);
  const first = next(6) === 0 ? any() : commits.slice(-1);
  const others = next(3) === 0 ? [...any(), ...any()].slice(next(2)) : [];
  return [...new Set([...first, ...others])];
}

function writeTrees(temp: TempDirectory, repository: string): readonly string[] {
  const git = (...args: string[]): string => plainGit(repository, args).toString().trim();
  return Array.from({ length: FILES }, (_, file) => {
    temp.write(`repo/dir/${file % 3}.txt`, `${'line\n'.repeat(20)}${file}\n`);
    const name = file > 6 ? 'moved.txt' : 'name.txt';
    temp.write(`repo/${name}`, `${'text\n'.repeat(30)}${file}\n`);
    if (file === 7) git('rm', '-q', '--cached', 'name.txt');
    git('add', 'dir', name);
    return git('write-tree');
  });
}

/** The same numbers in every run. */
function createRandom(seed: number): (below: number) => number {
  let random = seed;
  return (below) => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (random >>> 8) % Math.max(1, below);
  };
}
