import { join } from 'node:path';

import { setRef, type TreeEntry, writeCommit, writeObject, writeTree } from '../objects.ts';
import { git } from '../run.ts';

/** A repository that is small on the disk, and costs its reader all that he has. */
export interface Bomb {
  /** In kebab-case; the name of its directory. */
  readonly name: string;
  readonly row: string;
  readonly bites: 'exhausts' | 'hangs';
  /** Arms the copy of the ordinary repository. */
  build(repository: string): void;
  /** The commands of plain git (argument vectors, started in the repository) that each set it off. */
  readonly naive: readonly (readonly string[])[];
  /** `exhausts`: each of them writes more than this. */
  readonly outputBytes?: number;
  /** `exhausts`: each of them needs more memory than this. */
  readonly memoryBytes?: number;
}

/** Ends `main` with a commit whose tree holds these entries, and a readme. */
export function commitEntries(repository: string, entries: readonly TreeEntry[]): void {
  const gitDirectory = join(repository, '.git');
  const readme = writeObject(gitDirectory, 'blob', '# A bomb\n');
  const tree = writeTree(gitDirectory, [
    ...entries,
    { mode: '100644', name: 'README.md', id: readme },
  ]);
  const parents = [git(repository, ['rev-parse', 'HEAD']).trim()];
  const commit = writeCommit(gitDirectory, { tree, parents, message: 'Add something large\n' });
  setRef(gitDirectory, 'refs/heads/main', commit);
}
