/**
 * What must not compile. The file is checked with the tests and never run: if one of these became
 * possible, the expected error would be missing, and that is an error.
 */
import type { Handle, Objects } from '../src/adapter/handle.ts';
import type { Repositories, Repository } from '../src/adapter/repository.ts';
import {
  type Argument,
  type Cursor,
  type Ere,
  type Needle,
  object,
  type Oid,
  option,
  paths,
  range,
  ref,
  type RefName,
  type RepositoryId,
  type Revision,
  type TreePath,
  without,
  word,
} from '../src/guard/index.ts';
import { type ConfigEntry, configText } from '../src/guard/layout/index.ts';

declare const text: string;
declare const oid: Oid;
declare const revision: Revision;
declare const handle: Handle;
declare const objects: Objects;
declare const repository: Repository;
declare const repositories: Repositories;
declare const run: Parameters<Repositories['open']>[1];

export function aStringIsNoArgument(): void {
  // @ts-expect-error: a string is not an Argument.
  const argument: Argument = '--output=/tmp/x';
  // @ts-expect-error: nor are several.
  void handle.git({ args: ['log', '--output=/tmp/x'] }, () => true);
  void argument;
}

export function aWordIsALiteral(): void {
  // @ts-expect-error: a text that came from somewhere is no word of ours.
  word(text);
  // @ts-expect-error: nor is one that a text is pasted into.
  word(`--grep=${text}` as const);
  word('--raw');
}

export function anOptionIsALiteral(): void {
  // @ts-expect-error: a text is no name of an option.
  option(text, 1);
  // @ts-expect-error: and no value of one.
  option('--grep=', text);
  // @ts-expect-error: a revision is none either: it can be `HEAD^{tree}` today and something else tomorrow.
  option('--contains=', revision);
  option('--contains=', oid);
}

export function aStringIsNoObject(): void {
  // @ts-expect-error: a string is not an Oid.
  object(text);
  // @ts-expect-error: and no end of a range.
  range(oid, '..', text);
  // @ts-expect-error: a revision that nobody resolved is no Oid.
  without(revision);
  // @ts-expect-error: and names no object for the adapter.
  void repository.commit(revision);
}

export function aStringIsNoName(): void {
  // @ts-expect-error: a string is not a RefName.
  ref('refs/heads/main');
  // @ts-expect-error: a string is not a Revision.
  void objects.resolve('HEAD');
  // @ts-expect-error: a revision is not a RefName.
  const name: RefName = revision;
  void name;
}

export function aStringIsNoPath(): void {
  // @ts-expect-error: a string is not a TreePath.
  paths(['a']);
  // @ts-expect-error: not even an empty one.
  const path: TreePath = '';
  void path;
}

export function aStringIsNoPattern(): void {
  // @ts-expect-error: a string is not a Needle.
  const needle: Needle = 'a';
  // @ts-expect-error: a Needle is not an Ere: it may hold what an expression may not.
  const ere: Ere = needle;
  void ere;
}

export function anObjectIsNoRepository(): void {
  // @ts-expect-error: only the guard mints a RepositoryId.
  const id: RepositoryId = { root: 'app', steps: ['..'] };
  // @ts-expect-error: and a name is none.
  void repositories.open('app', run, ['app']);
  void id;
}

export function anObjectIsNoCursor(): void {
  // @ts-expect-error: only the guard opens a Cursor.
  const cursor: Cursor = { skip: 0 };
  void cursor;
}

export function anEntryIsJudged(): void {
  const entry = { section: 'core', subsection: undefined, name: 'fsmonitor', value: 'x' };
  // @ts-expect-error: only the judge says what is taken over.
  configText([entry]);
  // @ts-expect-error: and so for its type.
  const taken: ConfigEntry = entry;
  void taken;
}

export function anOptionHasALetter(needle: Needle): void {
  // @ts-expect-error: a bare dash would make an option of the value.
  option('-', needle);
  // @ts-expect-error: and so would two.
  option('--', needle);
}

export function aTrustedValueIsStillText(path: TreePath, id: RepositoryId): string {
  return `${path}${id.root}`;
}
