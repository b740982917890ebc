import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type KeyFileContent, parseKeyFile } from '@secure-mcp/auth/network';

import { ConfigurationProblem } from '../config/problem.ts';
import { parseObject, readObject } from '../config/read.ts';
import { codeOf } from '../error-code.ts';
import { FILE_BYTES_MAX, readersOf, WRITABLE_BY_OTHERS } from '../reload/file-access.ts';
import { placeProblem } from '../reload/file-place.ts';
import { whyUnread } from '../reload/why-unread.ts';

const MODE_BITS = 0o777;
const OWNER_ONLY = 0o600;

const LOCK_WAIT_MS = 5000;
const LOCK_RETRY_MS = 50;

/** A file of keys with nothing in it. */
const EMPTY: KeyFileContent = { version: 1, keys: [], certificates: [] };

/** Reads a file of keys. */
export function readKeyFile(
  path: string,
  { now, tell }: Omit<ChangeOptions, 'mayCreate'>,
): KeyFileContent {
  if (readersOf(ownStats(path)) !== 0)
    tell(`${path}: others may read it, so no server takes it (chmod 600)`);
  return contentOf(path, readObject(path, path), now);
}

export interface KeyChange<Told> {
  readonly content: KeyFileContent;
  /** What the person who asked for the change is told, once it is on the disk. */
  readonly told: Told;
}

export interface ChangeOptions {
  readonly now: number;
  /** True where a file that is not there yet is made. */
  readonly mayCreate: boolean;
  /** Takes a line for a person. */
  readonly tell: (line: string) => void;
}

/**
 * Changes a file of keys as a whole: a server that reads it meanwhile sees the old or the new one, and
 * two commands at once do not lose each other's change.
 *
 * What is written has passed the same judgement as what a server reads.
 */
export async function changeKeyFile<Told>(
  path: string,
  { now, mayCreate, tell }: ChangeOptions,
  change: (content: KeyFileContent) => KeyChange<Told>,
): Promise<Told> {
  checkDirectory(path);
  const unlock = await lock(path);
  try {
    const stats = mayCreate && isAbsent(path) ? undefined : ownStats(path);
    const before = stats === undefined ? EMPTY : contentOf(path, readObject(path, path), now);
    const { content, told } = change(before);
    contentOf(path, content, now);
    replace(path, textOf(path, content), stats);
    if (stats !== undefined && readersOf(stats) !== 0)
      tell(`${path}: others could read it, which no server takes; now they cannot`);
    return told;
  } finally {
    unlock();
  }
}

/**
 * As a person reads it, or with nothing but what has to be there. What neither a server nor the next
 * command would read is not written: a key that is revoked in it would go on.
 */
function textOf(path: string, content: KeyFileContent): string {
  const texts = [2, 0].map((indent) => `${JSON.stringify(content, undefined, indent)}\n`);
  const text = texts.find((one) => Buffer.byteLength(one) <= FILE_BYTES_MAX);
  if (text === undefined) throw new ConfigurationProblem(path, 'the file would be too large');
  parseObject(path, text);
  return text;
}

function contentOf(path: string, value: unknown, now: number): KeyFileContent {
  const parsed = parseKeyFile(value, now);
  if (!parsed.ok) throw new ConfigurationProblem(path, parsed.problem);
  return parsed.file.content;
}

/** Whoever can write the file lets in whom they like, so a file that others can write is not worked on. */
function ownStats(path: string): Stats {
  const stats = lstatOf(path);
  if (stats === undefined) throw new ConfigurationProblem(path, 'there is no such file');
  const problem = ownershipProblem(stats);
  if (problem !== undefined) throw new ConfigurationProblem(path, problem);
  return stats;
}

function ownershipProblem(stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'is a link; name the file itself';
  if (!stats.isFile()) return 'is not a plain file';
  if (process.geteuid === undefined) return undefined;
  const user = process.geteuid();
  // Root keeps the file for the user who serves.
  if (user !== 0 && stats.uid !== user) return 'belongs to somebody else';
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return 'can be written by others';
  // The other name would keep what is revoked here.
  return stats.nlink === 1 ? undefined : 'has a second name';
}

/** The same rule as for a server that reads the file. */
function checkDirectory(path: string): void {
  const stats = statSync(dirname(path), { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true)
    throw new ConfigurationProblem(path, 'there is no such directory');
  const user = process.geteuid?.();
  // Root keeps the file for the user who serves, and whose directory it is.
  const problem = placeProblem(path, user === 0 ? stats.uid : user);
  if (problem !== undefined) throw new ConfigurationProblem(path, problem);
}

function isAbsent(path: string): boolean {
  return lstatOf(path) === undefined;
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new ConfigurationProblem(path, `the file ${whyUnread(error)}`);
  }
}

/** Gives back how to unlock. The lock is a file of its own, because the file itself is replaced. */
async function lock(
  path: string,
  giveUpAt = performance.now() + LOCK_WAIT_MS,
): Promise<() => void> {
  const lockPath = `${path}.lock`;
  if (tryLock(path, lockPath)) return () => rmSync(lockPath, { force: true });
  if (performance.now() > giveUpAt) {
    const remedy = `if none does, remove ${basename(lockPath)} beside it`;
    throw new ConfigurationProblem(path, `another command works on it; ${remedy}`);
  }
  await sleep(LOCK_RETRY_MS);
  return lock(path, giveUpAt);
}

function tryLock(path: string, lockPath: string): boolean {
  try {
    closeSync(openSync(lockPath, 'wx', OWNER_ONLY));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new ConfigurationProblem(path, 'its directory cannot be written');
  }
}

/** Replaces a file by renaming, with the owner and the mode of the former one. */
function replace(path: string, text: string, former: Stats | undefined): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeDurably(temporary, text, former);
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch {
    rmSync(temporary, { force: true });
    throw new ConfigurationProblem(path, 'the file cannot be written');
  }
}

function writeDurably(path: string, text: string, former: Stats | undefined): void {
  const descriptor = openSync(path, 'wx', OWNER_ONLY);
  try {
    if (former !== undefined) likeFormer(descriptor, former);
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function likeFormer(descriptor: number, { uid, gid, mode }: Stats): void {
  const own = fstatSync(descriptor);
  if (own.uid !== uid || own.gid !== gid) fchownSync(descriptor, uid, gid);
  fchmodSync(descriptor, mode & MODE_BITS & ~readersOf({ uid, mode }));
}

/** A revocation that a power cut takes back is none. Windows cannot open a directory. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
