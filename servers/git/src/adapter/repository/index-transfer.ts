import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { LIMITS } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import type { IndexCopies, Lease } from './index-copies.ts';
import { maskMemories } from './index-file.ts';
import { openPlain } from './plain-file.ts';
import type { Pace } from './plain-tree.ts';
import { fileProblem, findingOf, type Report } from './report.ts';
import { lstatOrNothing, type Stamp, stampOf, UNSETTLED } from './stamp.ts';

export interface Copying {
  readonly from: string;
  readonly file: string;
  readonly profile: Profile;
  readonly git: RunGit;
  readonly pace: Pace;
  readonly copies: IndexCopies;
  /** Of what this copy is made of. */
  readonly lease: Lease;
}

const PIECE_BYTES = 65_536;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/**
 * Copies one file. Undefined where there is none.
 *
 * The time of the copy is the time of the original in whole seconds, and not newer: git takes a file of
 * the work tree that is as young as its index for one that may have changed unseen ("racy git"), and
 * compares its content. A copy that looked newer would hide such a change.
 */
export async function copyIndexFile(
  { from, pace, lease }: Copying,
  name: string,
  to: string,
  { report, hash }: { readonly report: Report; readonly hash?: Hash },
): Promise<Stamp | undefined> {
  const opened = openPlain(from, [name], LIMITS.indexBytesMax);
  if (opened.kind === 'absent') return undefined;
  if (opened.kind === 'problem') {
    report.add(fileProblem(opened.problem, name));
    return undefined;
  }
  const fresh = `${to}.new`;
  let target: number | undefined;
  try {
    lease.add(to, opened.size);
    target = openSync(fresh, 'w', 0o600);
    await copyBytes(opened.fd, target, opened.size, { pace, hash });
    const after = fstatSync(opened.fd, { bigint: true });
    const seconds = Number(after.mtimeNs / 1_000_000_000n);
    renameSync(fresh, to);
    utimesSync(to, seconds, seconds);
    return stampOf(after) === opened.stamp ? opened.stamp : UNSETTLED;
  } finally {
    if (target !== undefined) closeSync(target);
    closeSync(opened.fd);
  }
}

/** What holds only zeros is left out: a sparse file, whose size costs its author nothing, stays one. */
async function copyBytes(
  from: number,
  to: number,
  size: number,
  { pace, hash }: { readonly pace: Pace; readonly hash: Hash | undefined },
): Promise<void> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let done = 0;
  while (done < size) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other, by intent
    await pace.rest();
    const length = readSync(from, buffer, 0, Math.min(buffer.length, size - done), null);
    if (length === 0) break;
    hash?.update(buffer.subarray(0, length));
    if (ZEROS.compare(buffer, 0, length, 0, length) !== 0) writeSync(to, buffer, 0, length, done);
    done += length;
  }
  ftruncateSync(to, done);
}

/**
 * Copies the file that a split index builds on, that one alone: others are of no use, and each can be as
 * large as an index.
 *
 * git believes that a name says what the file holds, and an author can give two files one name. What
 * other calls read under the name stays as it was looked through.
 */
export async function copyShared(job: Copying, id: string, report: Report): Promise<void> {
  const { file, profile, pace, copies, lease } = job;
  const name = `sharedindex.${id}`;
  const to = join(profile.gitDir, name);
  // One that is there and that nobody copied was written by git, from what was looked through.
  if (copies.digestOf(to) === undefined && lstatOrNothing(to) !== undefined) return;
  const staged = `${file}.shared`;
  const hash = createHash('sha256');
  const stamp = await copyIndexFile(job, name, staged, { report, hash });
  if (report.refused) return;
  const tail =
    stamp === undefined ? undefined : await maskMemories(staged, profile.objectFormat, pace);
  // One that builds on another one itself is none that git has written.
  const isFit = tail !== undefined && tail.shared === undefined;
  const digest = hash.digest('hex');
  const known = copies.digestOf(to);
  if (!isFit || (known !== undefined && known !== digest)) {
    report.add(findingOf('index.broken', name));
    return;
  }
  const { size } = statSync(staged);
  if (known === undefined) renameSync(staged, to);
  lease.drop(staged);
  lease.add(to, size, digest);
}
