import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

import { put } from './files.ts';
import { SECONDS } from './run.ts';

export type ObjectKind = 'blob' | 'tree' | 'commit' | 'tag';

/** An entry of a tree. Names are bytes to git, and may be what no file system allows. */
export interface TreeEntry {
  readonly mode: '100644' | '100755' | '120000' | '40000' | '160000';
  readonly name: string | Buffer;
  readonly id: string;
}

export interface CommitText {
  readonly tree: string;
  readonly parents?: readonly string[];
  readonly message: string | Buffer;
  /** Name and address, without a date. */
  readonly author?: string;
  /** Further headers, each a line without its end. */
  readonly headers?: readonly string[];
  readonly seconds?: number;
}

/** The id (SHA-1) that git gives to this content. */
export function objectId(kind: ObjectKind, content: string | Buffer): string {
  const bytes = Buffer.from(content);
  return createHash('sha1')
    .update(`${kind} ${String(bytes.length)}\0`)
    .update(bytes)
    .digest('hex');
}

/** Where a loose object lies in a git directory. */
export function objectPath(gitDirectory: string, id: string): string {
  return join(gitDirectory, 'objects', id.slice(0, 2), id.slice(2));
}

/** Writes a loose object, without git and so without any of git's checks; returns its id. */
export function writeObject(
  gitDirectory: string,
  kind: ObjectKind,
  content: string | Buffer,
): string {
  const id = objectId(kind, content);
  writeObjectAs(gitDirectory, id, kind, content);
  return id;
}

/** Writes a loose object under an id of the caller's choice: git does not hash what it reads. */
export function writeObjectAs(
  gitDirectory: string,
  id: string,
  kind: ObjectKind,
  content: string | Buffer,
): void {
  const bytes = Buffer.from(content);
  const path = objectPath(gitDirectory, id);
  mkdirSync(join(path, '..'), { recursive: true });
  if (existsSync(path)) rmSync(path);
  const head = Buffer.from(`${kind} ${String(bytes.length)}\0`);
  writeFileSync(path, deflateSync(Buffer.concat([head, bytes]), { level: 1 }));
}

/** The content of a tree, in git's order: as if the name of a directory ended with a slash. */
function treeContent(entries: readonly TreeEntry[]): Buffer {
  const ordered = entries
    .map(({ mode, name, id }) => ({ mode, name: Buffer.from(name), id }))
    .map((entry) => ({
      ...entry,
      key: entry.mode === '40000' ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name,
    }))
    .toSorted((one, other) => Buffer.compare(one.key, other.key));
  const parts = ordered.flatMap(({ mode, name, id }) => [
    Buffer.from(`${mode} `),
    name,
    Buffer.from([0]),
    Buffer.from(id, 'hex'),
  ]);
  return Buffer.concat(parts);
}

export function writeTree(gitDirectory: string, entries: readonly TreeEntry[]): string {
  return writeObject(gitDirectory, 'tree', treeContent(entries));
}

export function writeCommit(gitDirectory: string, commit: CommitText): string {
  const { tree, parents = [], message, headers = [], seconds = SECONDS } = commit;
  const person = `${commit.author ?? 'Ada Author <ada@example.org>'} ${String(seconds)} +0000`;
  const head = [
    `tree ${tree}`,
    ...parents.map((id) => `parent ${id}`),
    `author ${person}`,
    `committer ${person}`,
    ...headers,
    '',
    '',
  ].join('\n');
  return writeObject(
    gitDirectory,
    'commit',
    Buffer.concat([Buffer.from(head), Buffer.from(message)]),
  );
}

/** Lets a reference name an object: `setRef(gitDirectory, 'refs/heads/main', id)`. */
export function setRef(gitDirectory: string, ref: string, id: string): void {
  put(gitDirectory, ref, `${id}\n`);
}

/** Makes an empty git directory by hand: faster than `git init`, and without its samples. */
export function initialise(gitDirectory: string, settings = ''): void {
  for (const name of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info'])
    mkdirSync(join(gitDirectory, name), { recursive: true });
  put(gitDirectory, 'HEAD', 'ref: refs/heads/main\n');
  put(
    gitDirectory,
    'config',
    `[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n${settings}`,
  );
}
