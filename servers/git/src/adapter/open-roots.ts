import { opendirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';

import { isUnsafeRoot, type RequestedRoot } from '@secure-mcp/validation';

import type { Root } from '../policy.ts';

export type OpenedRoot =
  /** `isClosed` tells of a root that the system does not let us read: it is served, and looks empty. */
  | { readonly ok: true; readonly root: Root; readonly isClosed: boolean }
  | { readonly ok: false; readonly problem: string };

/** Looks at a root once, when the server starts: a slip of the operator should be told at once. */
export function openRoot({ name, path }: RequestedRoot, unsafe: boolean): OpenedRoot {
  const real = realDirectory(path);
  if (real === undefined) return { ok: false, problem: 'is not a directory that can be opened' };
  if (!unsafe && isUnsafeRoot(real, homes())) {
    return {
      ok: false,
      problem: 'holds a whole home or system; name a directory in it, or use --unsafe-roots',
    };
  }
  return { ok: true, root: { name, path: real }, isClosed: isClosed(real) };
}

function realDirectory(path: string): string | undefined {
  try {
    const real = realpathSync.native(path);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens the directory instead of asking whether it could: `access` answers for the real user, and asks no
 * module for security. The dot at the end has to be looked up within, so that it must be entered as well.
 */
function isClosed(path: string): boolean {
  try {
    opendirSync(`${path}/.`).closeSync();
    return false;
  } catch {
    // It may be opened later. So it is no reason not to start, and where it is gone meanwhile, neither.
    return true;
  }
}

/** The home as the environment spells it, and as it is where its path leads through a link. */
function homes(): readonly string[] {
  const home = homedir();
  return [home, realDirectory(home) ?? home];
}
