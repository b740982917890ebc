import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

import { plainGit } from '../process/profile.ts';
import type { Oid } from '../../src/guard/index.ts';
import { oidOf } from './opened.ts';

/** Writes an object exactly as it is, however odd. */
export function writeObject(
  repository: string,
  kind: 'commit' | 'tree' | 'blob' | 'tag',
  bytes: string | Buffer,
): Oid {
  const args = ['hash-object', '-t', kind, '-w', '--stdin', '--literally'];
  const input = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return oidOf(plainGit(repository, args, { input }).toString());
}

/** Writes a blob of so many bytes without ever holding it: what a test measures is what the server holds. */
export function writeLargeBlob(repository: string, bytes: number, line: string): Oid {
  const command = `yes "$1" | head -c "$2" | git -C "$3" hash-object -w --stdin`;
  const args = ['-c', command, 'sh', line, String(bytes), repository];
  return oidOf(execFileSync('sh', args).toString());
}

export interface CommitParts {
  readonly tree: string;
  readonly parents?: readonly string[];
  readonly author?: string;
  readonly committer?: string;
  /** Lines after the committer. */
  readonly more?: string;
  readonly message?: string;
}

/** Bytes of a commit; texts are byte strings. */
export function commitBytes(parts: CommitParts): string {
  const { tree, parents = [], author = 'A <a@b> 1700000000 +0000', more = '' } = parts;
  const { committer = author, message = 'subject\n' } = parts;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${author}`,
    `committer ${committer}`,
  ];
  return `${lines.join('\n')}\n${more}\n${message}`;
}

/** Writes the very bytes of a loose object, its header included, under any id. */
export function plantObject(repository: string, id: string, bytes: string): Oid {
  const directory = join(repository, '.git/objects', id.slice(0, 2));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, id.slice(2)), deflateSync(Buffer.from(bytes, 'latin1')));
  return oidOf(id);
}
