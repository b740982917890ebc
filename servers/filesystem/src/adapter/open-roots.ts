import { close, closeSync, constants, fstatSync, open, openSync, statSync } from 'node:fs';
import { readlink, realpath, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { isUnsafeRoot, type RequestedRoot } from '@secure-mcp/validation';

import type { OpenRoot } from './job.ts';
import { O_PATH } from './walk/descriptor.ts';
import { isKernelType } from './walk/kernel-types.ts';

/** How a walk holds its directories: by descriptors that can be walked from, or by a working directory. */
export type Sandbox = 'descriptor' | 'portable';

export interface OpenRootOptions {
  readonly sandbox: Sandbox;
  /** Opens also `/`, home directories and file systems of the kernel. */
  readonly unsafe: boolean;
}

/** Why a root cannot be served. */
type RootProblem =
  | 'is not a directory that can be opened'
  | 'does not answer'
  | 'is a file system of the kernel; --unsafe-roots would serve it'
  | 'holds a whole home or system; name a directory in it, or use --unsafe-roots';

export type OpenedRoot =
  /** `isClosed` tells of a root that the system does not let us read: it is served, and may look empty. */
  | { readonly ok: true; readonly root: OpenRoot; readonly isClosed: boolean }
  | { readonly ok: false; readonly problem: RootProblem };

const { O_DIRECTORY, O_RDONLY } = constants;

/** How long a root may take to answer, in milliseconds. A dead mount never does. */
const ANSWER_MS = 5000;

/** True where `/proc/self/fd/N/name` leads from a directory that is held. Anything less is no sandbox. */
export function canWalkDescriptors(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return leadsThrough(openSync('/proc/self/fd', O_PATH));
  } catch {
    // No /proc, as in a hardened container, or `--permission` without it: the portable walk takes over,
    // never a check by path.
    return false;
  }
}

function leadsThrough(directory: number): boolean {
  try {
    const through = statSync(`/proc/self/fd/${String(directory)}/.`);
    return through.ino === fstatSync(directory).ino;
  } finally {
    closeSync(directory);
  }
}

/**
 * Opens a root once, until a change of the policy opens it anew. Replacing the directory meanwhile
 * redirects nothing: the descriptor stays with the one that the operator named.
 *
 * Every system call here is asynchronous and under one deadline, because any of them may hang.
 */
export async function openRoot(
  requested: RequestedRoot,
  options: OpenRootOptions,
): Promise<OpenedRoot> {
  return Promise.race([examine(requested, options), late()]);
}

/** Lets go of roots that nobody walks any more: the number of a descriptor is given to the next file. */
export function closeRoots(roots: readonly OpenRoot[]): void {
  for (const { anchor } of roots)
    if (anchor.kind === 'descriptor') close(anchor.descriptor, () => undefined);
}

async function examine(requested: RequestedRoot, options: OpenRootOptions): Promise<OpenedRoot> {
  const opening =
    options.sandbox === 'descriptor' ? openDescriptor(requested) : openPath(requested);
  const root = await opening.catch(() => undefined);
  if (root === undefined) return refused('is not a directory that can be opened');
  const opened = { ok: true, root, isClosed: await isClosed(root) } as const;
  if (options.unsafe) return opened;
  if (isUnsafeRoot(root.path, await homes())) {
    return refused('holds a whole home or system; name a directory in it, or use --unsafe-roots');
  }
  if (isKernelType(await statfs(root.path, { bigint: true }))) {
    return refused('is a file system of the kernel; --unsafe-roots would serve it');
  }
  return opened;
}

/**
 * Asked by opening it, and by its descriptor: that is judged by whoever the server is in effect, by every
 * module of the kernel that has a say, and for the directory that is served.
 */
async function isClosed({ path, anchor }: OpenRoot): Promise<boolean> {
  const held = anchor.kind === 'path' ? path : `/proc/self/fd/${String(anchor.descriptor)}`;
  try {
    // The name beneath it has to be looked up, which takes the right to enter.
    const directory = await promisify(open)(`${held}/.`, O_RDONLY | O_DIRECTORY);
    close(directory, () => undefined);
    return false;
  } catch {
    // It may be opened later, so it is no reason not to start.
    return true;
  }
}

/** The home as the environment spells it, and as it is where its path leads through a link. */
async function homes(): Promise<readonly string[]> {
  const home = homedir();
  return [home, await realpath(home).catch(() => home)];
}

function refused(problem: RootProblem): OpenedRoot {
  return { ok: false, problem };
}

async function late(): Promise<OpenedRoot> {
  await sleep(ANSWER_MS, undefined, { ref: false });
  return refused('does not answer');
}

/** The path is read back from the descriptor, so both name the same directory whatever happens meanwhile. */
async function openDescriptor({ name, path: spelling }: RequestedRoot): Promise<OpenRoot> {
  const descriptor = await promisify(open)(spelling, O_PATH | O_DIRECTORY);
  const path = await readlink(`/proc/self/fd/${String(descriptor)}`);
  return {
    name,
    path,
    spellings: spellingsOf(spelling, path),
    anchor: { kind: 'descriptor', descriptor },
  };
}

async function openPath({ name, path: spelling }: RequestedRoot): Promise<OpenRoot> {
  const path = await realpath(spelling);
  const stats = await stat(path, { bigint: true });
  if (!stats.isDirectory()) throw new Error('not a directory');
  const anchor = { kind: 'path', dev: String(stats.dev), ino: String(stats.ino) } as const;
  return { name, path, spellings: spellingsOf(spelling, path), anchor };
}

function spellingsOf(spelling: string, path: string): readonly string[] {
  return spelling === path ? [path] : [spelling, path];
}
