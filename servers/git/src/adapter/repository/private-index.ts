import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { word } from '../../guard/argument.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { IndexFacts, Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import { createIndexCopies } from './index-copies.ts';
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

const PIECE_BYTES = 1_048_576;
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
  let newest: (Copied & { readonly number: number }) | undefined;
  let begun = 0;

  const copy = async (git: RunGit, signal: AbortSignal): Promise<Copied> => {
    const number = (begun += 1);
    const file = join(profile.gitDir, `index-${number}`);
    // A call that ends in the middle leaves nothing of what it began.
    const release = copies.hold(file);
    try {
      const copied = await copyOrRefuse({ from, file, profile, git, pace: createPace(signal) });
      newest = { ...copied, number };
      copies.renew(file);
      return copied;
    } finally {
      release();
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
        const { file, facts } = copied;
        return { file, facts, isGone: () => isGone(copied), release: copies.hold(file) };
      });
    },
    known: () => newest?.facts,
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
}

async function copyOrRefuse(job: Copying): Promise<Copied> {
  const report = createReport();
  const copied = await copyChecked(job, report);
  return report.refused ? refuseIndex(report, job.file) : copied;
}

/**
 * Copies the index, takes out what git would believe, and has git list it before anything else reads it.
 * What is wrong with it goes into the report.
 */
export async function copyChecked(job: Copying, report: Report): Promise<Copied> {
  const { from, file, profile, pace } = job;
  const stamp = await copyIndexFile(from, 'index', file, { report, pace });
  if (stamp === undefined) return { stamp: stampAt(join(from, 'index')), file, facts: NOTHING };
  const problems = createReport();
  const tail = await maskMemories(file, profile.objectFormat, pace);
  if (tail === undefined) problems.add(findingOf('index.broken', 'index'));
  else if (tail.isSplit) await copyShared(job, problems);
  const facts = problems.refused ? NOTHING : await lookThrough(job, problems);
  for (const finding of problems.sorted().findings) report.add(finding);
  return { stamp, file, facts };
}

function refuseIndex(report: Report, file: string): never {
  rmSync(file, { force: true });
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
  from: string,
  name: string,
  to: string,
  { report, pace }: { readonly report: Report; readonly pace: Pace },
): Promise<Stamp | undefined> {
  const opened = openPlain(from, [name], LIMITS.indexBytesMax);
  if (opened.kind === 'absent') return undefined;
  if (opened.kind === 'problem') {
    report.add(fileProblem(opened.problem, name));
    return undefined;
  }
  const fresh = `${to}.new`;
  const target = openSync(fresh, 'w', 0o600);
  try {
    await copyBytes(opened.fd, target, opened.size, pace);
    const after = fstatSync(opened.fd, { bigint: true });
    const seconds = Number(after.mtimeNs / 1_000_000_000n);
    renameSync(fresh, to);
    utimesSync(to, seconds, seconds);
    return stampOf(after) === opened.stamp ? opened.stamp : UNSETTLED;
  } finally {
    closeSync(target);
    closeSync(opened.fd);
  }
}

async function copyBytes(from: number, to: number, size: number, pace: Pace): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size + 1));
  for (let left = size; left > 0;) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other, by intent
    await pace.rest();
    const length = readSync(from, buffer, 0, Math.min(buffer.length, left), null);
    if (length === 0) return;
    writeSync(to, buffer, 0, length);
    left -= length;
  }
}

const SHARED = /^sharedindex\.[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** git removes old ones itself, after two weeks. */
const SHARED_MAX = 64;

/** Copies the files that a split index builds on. Their names say what they hold, so the old ones stay. */
async function copyShared({ from, profile, pace }: Copying, report: Report): Promise<void> {
  const names = readdirSync(from).filter((name) => SHARED.test(name));
  for (const name of names.slice(0, SHARED_MAX)) {
    const to = join(profile.gitDir, name);
    // oxlint-disable-next-line no-await-in-loop -- one file after the other, by intent
    await copyIndexFile(from, name, to, { report, pace });
    if (report.refused) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    if ((await maskMemories(to, profile.objectFormat, pace)) === undefined)
      report.add(findingOf('index.broken', name));
  }
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
