import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { codeOf } from '../error-code.ts';
import { accessProblem, FILE_BYTES_MAX } from './file-access.ts';
import { placeProblem } from './file-place.ts';
import { whyUnread } from './why-unread.ts';

/** How often files that change while they are read are read again, and how long after, in milliseconds. */
const TRIES_MAX = 4;
const TRY_AGAIN_MS = 25;
/**
 * A file that was changed this many milliseconds ago can change again and look the same: file
 * systems stamp times only so often. Until then its content is compared as well.
 */
const YOUNG_MS = 2000;

/** How files look from outside. */
export interface Appearance {
  /** Which files they are, and when they were changed last. */
  readonly stamp: string;
  /** True where they may have changed since without another stamp. */
  readonly isYoung: boolean;
}

/** Several files as they were at one time, or why they cannot be had. */
export interface Snapshot {
  readonly appearance: Appearance;
  /** The same for the same contents, and for the same failure. */
  readonly digest: string;
  readonly contents: readonly Uint8Array[] | undefined;
  /** Why there are no contents. It names no path and holds nothing of a file. */
  readonly reason: string;
  /** Which of the files the reason is about; absent where it is about all of them. */
  readonly at?: number;
}

/** Looks at files without opening them. Links are followed, as Kubernetes' `..data` has to be. */
export async function lookAt(paths: readonly string[]): Promise<Appearance> {
  const looks = await Promise.all(paths.map(lookAtOne));
  const newest = Math.max(...looks.map(({ changedMs }) => changedMs));
  return {
    stamp: looks.map(({ stamp }) => stamp).join('\n'),
    isYoung: Math.abs(Date.now() - newest) < YOUNG_MS,
  };
}

async function lookAtOne(path: string): Promise<{ stamp: string; changedMs: number }> {
  try {
    const { dev, ino, size, mode, uid, mtimeNs, ctimeNs, ctimeMs } = await stat(path, {
      bigint: true,
    });
    const stamp = [dev, ino, size, mode, uid, mtimeNs, ctimeNs].join(' ');
    return { stamp, changedMs: Number(ctimeMs) };
  } catch (error) {
    return { stamp: codeOf(error), changedMs: 0 };
  }
}

/**
 * Reads files so that all are of the same time: where one changes meanwhile, all are read again. A
 * certificate is never joined with the key of the next one.
 */
export async function readTogether(
  paths: readonly string[],
  secretPaths: readonly string[],
): Promise<Snapshot> {
  for (let tries = 1; ; tries += 1) {
    // eslint-disable-next-line no-await-in-loop -- Each try comes after the one before.
    const snapshot = await readOnce(paths, secretPaths);
    if (snapshot !== undefined) return snapshot;
    if (tries === TRIES_MAX) break;
    // eslint-disable-next-line no-await-in-loop -- Whoever writes gets the time to finish.
    await wait(TRY_AGAIN_MS);
  }
  return failed(await lookAt(paths), 'it changes while it is read');
}

async function readOnce(
  paths: readonly string[],
  secretPaths: readonly string[],
): Promise<Snapshot | undefined> {
  const before = await lookAt(paths);
  const files = await Promise.all(paths.map((path) => readFile(path, secretPaths.includes(path))));
  const after = await lookAt(paths);
  if (before.stamp !== after.stamp) return undefined;
  const bad = files.findIndex((file) => typeof file === 'string');
  const problem = files[bad];
  if (typeof problem === 'string') return failed(after, problem, bad);
  const contents = files.filter((file) => typeof file !== 'string');
  return { appearance: after, digest: digestOf(contents), contents, reason: '' };
}

function failed(appearance: Appearance, reason: string, at?: number): Snapshot {
  const digest = `${String(at)} ${reason}`;
  return { appearance, digest, contents: undefined, reason, ...(at !== undefined && { at }) };
}

function digestOf(contents: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(`${String(content.length)}\n`).update(content);
  return hash.digest('hex');
}

/** Gives the content, or what is wrong with the file. */
async function readFile(path: string, isSecret: boolean): Promise<Uint8Array | string> {
  let file: FileHandle | undefined;
  try {
    // A named pipe in the file's place would make `open` wait for ever.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    // The way there has just been gone, so it answers at once.
    const problem = accessProblem(stats, isSecret) ?? placeProblem(path);
    if (problem !== undefined) return problem;
    return await readBounded(file, stats.size);
  } catch (error) {
    return whyUnread(error);
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/** Reads what the file said that it holds, and a byte more to notice that it grew. */
async function readBounded(file: FileHandle, size: number): Promise<Uint8Array | string> {
  if (size > FILE_BYTES_MAX) return 'is larger than 4 MiB';
  const buffer = new Uint8Array(size + 1);
  let length = 0;
  for (;;) {
    // eslint-disable-next-line no-await-in-loop -- A file is read from its beginning.
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
  }
}
