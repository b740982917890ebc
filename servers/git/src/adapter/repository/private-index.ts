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

import { word } from '../../guard/argument.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { IndexFacts, Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import { createIndexCopies, type IndexCopies, type Lease } from './index-copies.ts';
import { maskMemories } from './index-file.ts';
import { createIndexScan } from './index-scan.ts';
import { openPlain } from './plain-file.ts';
import { createPace, type Pace } from './plain-tree.ts';
import { createReport, fileProblem, findingOf, type Report } from './report.ts';
import {
  ABSENT,
  isSame,
  lstatOrNothing,
  type Stamp,
  stampAt,
  stampOf,
  UNSETTLED,
} from './stamp.ts';
import { createTurns } from './turns.ts';

/** A copy of the index that was looked through, and what stands in it. */
export interface PrivateIndex {
  /** Absolute. There need not be such a file: then nothing was ever staged. */
  readonly file: string;
  readonly facts: IndexFacts;
}

/** A copy that stays until it is let go of. */
export interface HeldIndex extends PrivateIndex {
  /** The copy was taken away: git takes an index that is not there for an empty one. */
  isGone(): boolean;
  release(): void;
}

interface Copied extends PrivateIndex {
  readonly stamp: Stamp;
}

interface Newest extends Copied {
  /** How many were begun before. */
  readonly number: number;
  readonly lease: Lease;
}

const PIECE_BYTES = 65_536;
const ZEROS = Buffer.alloc(PIECE_BYTES);
const NOTHING: IndexFacts = { entries: 0, assumeUnchanged: 0, skipWorktree: 0, submodules: 0 };

/** The index of one repository, copied again whenever it changed. */
export interface IndexKeeper {
  /** Refuses `repository.refused` for an index that leads outside. */
  current(run: { readonly git: RunGit; readonly signal: AbortSignal }): Promise<HeldIndex>;
  /** What the newest copy said, without looking. */
  known(): IndexFacts | undefined;
}

export function createIndexKeeper(from: string, profile: Profile): IndexKeeper {
  const copies = createIndexCopies();
  const inTurn = createTurns();
  let newest: Newest | undefined;
  let known: IndexFacts | undefined;
  let begun = 0;

  const copy = async (git: RunGit, signal: AbortSignal): Promise<Newest> => {
    // The one before stays only for those that read it.
    newest?.lease.release();
    newest = undefined;
    const number = (begun += 1);
    const file = join(profile.gitDir, `index-${number}`);
    const lease = copies.lease();
    try {
      const pace = createPace(signal);
      const copied = await copyOrRefuse({ from, file, profile, git, pace, copies, lease });
      ({ facts: known } = copied);
      newest = { ...copied, number, lease };
      return newest;
    } finally {
      // Nothing is left of one that was refused or broken off.
      if (newest === undefined) lease.release();
    }
  };

  return {
    async current({ git, signal }) {
      const before = begun;
      return inTurn(async () => {
        signal.throwIfAborted();
        const isUsable =
          newest !== undefined &&
          !isGone(newest) &&
          // One that was begun after this call had asked is as new as it has to be, and many share it.
          (newest.number > before || isSame(newest.stamp, stampAt(join(from, 'index'))));
        const copied = isUsable && newest !== undefined ? newest : await copy(git, signal);
        const { release } = copied.lease.share();
        const { file, facts } = copied;
        return { file, facts, isGone: () => isGone(copied), release };
      });
    },
    known: () => known,
  };
}

function isGone({ file, stamp }: Copied): boolean {
  return stamp !== ABSENT && lstatOrNothing(file) === undefined;
}

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

async function copyOrRefuse(job: Copying): Promise<Copied> {
  const report = createReport();
  const copied = await copyChecked(job, report);
  return report.refused ? refuseIndex(report) : copied;
}

/**
 * Copies the index, takes out what git would believe, and has git list it before anything else reads it.
 * What is wrong with it goes into the report.
 */
export async function copyChecked(job: Copying, report: Report): Promise<Copied> {
  const { from, file, profile, pace } = job;
  const stamp = await copyIndexFile(job, 'index', file, { report });
  if (stamp === undefined) return { stamp: stampAt(join(from, 'index')), file, facts: NOTHING };
  const problems = createReport();
  const tail = await maskMemories(file, profile.objectFormat, pace);
  if (tail === undefined) problems.add(findingOf('index.broken', 'index'));
  else if (tail.shared !== undefined) await copyShared(job, tail.shared, problems);
  const facts = problems.refused ? NOTHING : await lookThrough(job, problems);
  for (const finding of problems.sorted().findings) report.add(finding);
  return { stamp, file, facts };
}

function refuseIndex(report: Report): never {
  const { findings } = report.sorted();
  const detail = findings.map(({ id, where }) => `${id} ${where}`).join(', ');
  if (findings.some(({ id }) => id === 'index.path' || id === 'layout.link'))
    return refuse('repository.refused', { detail });
  if (findings.some(({ id }) => id === 'layout.too_large'))
    return refuse('repository.too_large', { detail });
  return refuse('repository.broken', { detail });
}

/**
 * Copies one file. Undefined where there is none.
 *
 * The time of the copy is the time of the original in whole seconds, and not newer: git takes a file of
 * the work tree that is as young as its index for one that may have changed unseen ("racy git"), and
 * compares its content. A copy that looked newer would hide such a change.
 */
async function copyIndexFile(
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
async function copyShared(job: Copying, id: string, report: Report): Promise<void> {
  const { file, profile, pace, copies, lease } = job;
  const name = `sharedindex.${id}`;
  const to = join(profile.gitDir, name);
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

async function lookThrough({ file, profile, git }: Copying, report: Report): Promise<IndexFacts> {
  const scan = createIndexScan(report);
  const ended = await git(
    { ...profile, env: { ...profile.env, GIT_INDEX_FILE: file } },
    {
      args: [word('ls-files'), word('-z'), word('-v'), word('--stage')],
      bytesMax: LIMITS.indexBytesMax,
      exitCodes: [0, 1, 128],
    },
    (piece) => scan.take(piece),
  );
  if (report.refused) return scan.facts;
  if (ended.cut) report.add(findingOf('layout.too_large', 'index'));
  else if (ended.code !== 0) report.add(findingOf('index.broken', 'index'));
  return scan.facts;
}
