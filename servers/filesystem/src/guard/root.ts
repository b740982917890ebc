import { basename, resolve, sep } from 'node:path';

import { identifier } from '@secure-mcp/validation';

/** A root as the operator asked for it, not yet opened. */
export interface RequestedRoot {
  readonly name: string;
  /** Absolute, as the operator spelled it. */
  readonly path: string;
}

/** Why a root cannot be served. */
export type RootProblem =
  | 'is not a directory that can be opened'
  | 'does not answer'
  | 'is a file system of the kernel; --unsafe-roots would serve it'
  | 'holds a whole home or system; name a directory in it, or use --unsafe-roots'
  | 'needs a name of its own: NAME=PATH, in lower case'
  | 'has the name of another root; give it its own: NAME=PATH';

const NAMED = /^([A-Za-z][A-Za-z0-9_-]*)=(.+)$/s;

/** Reads `[NAME=]PATH`. Without a name, the directory's own becomes it. */
export function parseRoot(text: string): RequestedRoot | RootProblem {
  const [, given, rest = text] = NAMED.exec(text) ?? [];
  const path = resolve(rest);
  const name = identifier.safeParse(given ?? nameOf(path));
  return name.success
    ? { name: name.data, path }
    : 'needs a name of its own: NAME=PATH, in lower case';
}

function nameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-');
  return /^[a-z]/.test(name)
    ? name.slice(0, 64)
    : `root${name === '' ? '' : `-${name}`}`.slice(0, 64);
}

/**
 * True for a root that nobody should open by a slip: `/`, a home directory, or whatever holds one.
 * `homes` has each spelling of a home, also the one behind all links.
 * They hold keys, mail and other programs' settings beside the one project that was meant.
 */
export function isUnsafeRoot(realPath: string, homes: readonly string[]): boolean {
  const holdsHome = homes.some((home) => liesWithin(home, realPath));
  return holdsHome || realPath === sep || /^[A-Za-z]:\\?$/.test(realPath);
}

/** True for a path that is another one, or lies beneath it. */
export function liesWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(withSeparator(other));
}

function withSeparator(path: string): string {
  return path.endsWith(sep) ? path : path + sep;
}
