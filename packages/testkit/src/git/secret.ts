import { join } from 'node:path';

import { put } from './files.ts';
import type { HostilePlace } from './hostile/vector.ts';
import { initialise, setRef, writeCommit, writeObject, writeTree } from './objects.ts';

/** Another repository of the same machine, which the hostile one has no right to. */
export interface SecretRepository {
  /** Its work tree, with `secret.txt` and `README.md` that hold the marker. */
  readonly directory: string;
  readonly gitDirectory: string;
  readonly commit: string;
  readonly tree: string;
  readonly blob: string;
}

/** Builds it outside of the hostile one. Its file, its message and the name of its branch hold the marker. */
export function secretRepository({ outside, marker }: HostilePlace): SecretRepository {
  const directory = join(outside, 'secret');
  const gitDirectory = join(directory, '.git');
  initialise(gitDirectory);
  const content = `the secret is ${marker}\n`;
  put(directory, 'secret.txt', content);
  put(directory, 'README.md', content);
  const blob = writeObject(gitDirectory, 'blob', content);
  const tree = writeTree(gitDirectory, [
    { mode: '100644', name: 'README.md', id: blob },
    { mode: '100644', name: 'secret.txt', id: blob },
  ]);
  const commit = writeCommit(gitDirectory, { tree, message: `Keep ${marker}\n` });
  setRef(gitDirectory, 'refs/heads/main', commit);
  setRef(gitDirectory, `refs/heads/${marker}`, commit);
  put(
    gitDirectory,
    'logs/HEAD',
    `${'0'.repeat(40)} ${commit} Ada Author <ada@example.org> 1700000000 +0000\tcommit: ${marker}\n`,
  );
  return { directory, gitDirectory, commit, tree, blob };
}

/** A file outside whose only line holds the marker. */
export function secretFile({ outside, marker }: HostilePlace, line = marker): string {
  return put(outside, 'secret.txt', `${line}\n`);
}
