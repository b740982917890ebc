import { join } from 'node:path';

import { word } from '../../guard/argument.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { IndexFacts, Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import { createIndexCopies, type Lease } from './index-copies.ts';
import { maskMemories } from './index-file.ts';
import { createIndexScan } from './index-scan.ts';
import { type Copying, copyIndexFile, copyShared } from './index-transfer.ts';
import { createPace } from './plain-tree.ts';
import { createReport, findingOf, type Report } from './report.ts';
import {
  ABSENT,
  type Identity,
  identityAt,
  isSame,
  lstatOrNothing,
  type Stamp,
  stampAt,
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
  /** Which file was looked through: git writes it again when it refreshes it. */
  readonly seen: Identity;
}

interface Newest extends Copied {
  /** How many were begun before. */
  readonly number: number;
  readonly lease: Lease;
}

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

  /**
   * What git writes is what it has read, as far as we know. Whether it leads outside is asked all the same
   * before anything walks by it.
   */
  const lookAgain = async (at: Newest, git: RunGit): Promise<Newest> => {
    const report = createReport();
    const seen = identityAt(at.file);
    const facts = await lookThrough({ file: at.file, profile, git }, report);
    if (report.refused) {
      newest = undefined;
      at.lease.release();
      return refuseIndex(report);
    }
    newest = { ...at, seen, facts };
    return newest;
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
        const usable = isUsable && newest !== undefined ? newest : await copy(git, signal);
        const copied = isAsSeen(usable) ? usable : await lookAgain(usable, git);
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

function isAsSeen({ file, seen }: Copied): boolean {
  return identityAt(file) === seen;
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
  if (stamp === undefined) {
    const seen = identityAt(file);
    return { stamp: stampAt(join(from, 'index')), seen, file, facts: NOTHING };
  }
  const problems = createReport();
  const tail = await maskMemories(file, profile.objectFormat, pace);
  if (tail === undefined) problems.add(findingOf('index.broken', 'index'));
  else if (tail.shared !== undefined) await copyShared(job, tail.shared, problems);
  const seen = identityAt(file);
  const facts = problems.refused ? NOTHING : await lookThrough(job, problems);
  for (const finding of problems.sorted().findings) report.add(finding);
  return { stamp, seen, file, facts };
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

async function lookThrough(
  { file, profile, git }: Pick<Copying, 'file' | 'profile' | 'git'>,
  report: Report,
): Promise<IndexFacts> {
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
