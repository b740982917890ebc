/**
 * What must not compile. The file is checked with the tests and never run: if one of these calls
 * became possible, the expected error would be missing, and that is an error.
 */
import type { Disk } from '../src/adapter/index.ts';
import type { RunOptions } from '../src/adapter/pool/task.ts';
import type { Directory } from '../src/adapter/walk/directory.ts';
import type { Name, PathInRoot, SearchPattern } from '../src/guard/index.ts';

declare const disk: Disk;
declare const run: RunOptions;
declare const directory: Directory;

export function aStringIsNoPath(): void {
  // @ts-expect-error: a string is not a PathInRoot.
  void disk.read(['/etc/passwd'], {}, run);
}

export function anObjectIsNoPath(): void {
  // @ts-expect-error: only the guard mints a PathInRoot.
  const path: PathInRoot = { root: 'docs', rights: { root: 'docs', deny: [] }, steps: [] };
  void path;
}

export function aStringIsNoName(): void {
  // @ts-expect-error: a string is not a Name.
  directory.look('../../etc/passwd');
}

export function aStringIsNoPattern(): void {
  // @ts-expect-error: a string is not a SearchPattern.
  const pattern: SearchPattern = '(a+)+$';
  void pattern;
}

export function aNameIsStillText(name: Name): string {
  return name;
}
