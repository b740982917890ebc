import { basename, resolve, sep } from 'node:path';

import { identifier } from './identifiers.ts';

/** Directories that an operator opens to a server. */

/** A root as the operator asked for it, not yet opened. */
export interface RequestedRoot {
  readonly name: string;
  /** Absolute, as the operator spelled it. */
  readonly path: string;
}

const NAMED = /^([A-Za-z][A-Za-z0-9_-]*)=(.+)$/s;

/**
 * Reads `[NAME=]PATH`. Without a name, the directory's own becomes it. Undefined when the name that was
 * given is none.
 */
export function parseRoot(text: string): RequestedRoot | undefined {
  const [, given, rest = text] = NAMED.exec(text) ?? [];
  const path = resolve(rest);
  const name = identifier.safeParse(given ?? nameOf(path));
  return name.success ? { name: name.data, path } : undefined;
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

/** True for a path that is another one, or lies beneath it. The words alone are compared. */
export function liesWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(withSeparator(other));
}

function withSeparator(path: string): string {
  return path.endsWith(sep) ? path : path + sep;
}
