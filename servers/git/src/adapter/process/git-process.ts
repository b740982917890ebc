import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { GitCommand, GitEnded, Profile, Run, Sink } from '../handle.ts';
import { createChildren } from './children.ts';
import { environmentOf } from './environment.ts';
import { refuseFailure, refuseStart, withoutPlaces } from './failure.ts';
import { globalFlags } from './flags.ts';
import { createGate, type Group } from './gate.ts';
import { type Limited, limited } from './limited.ts';
import type { Start } from './start.ts';
import type { Outcome } from './supervise.ts';

/** Runs single commands of git. */
export interface GitRunner {
  /**
   * Runs one command in a profile and streams what it prints into `sink`, piece by piece.
   *
   * Refuses `git.timeout` after `LIMITS.commandMs` or at the call's deadline, `git.busy` when too many
   * wait already, `git.missing`, and `object.missing`, `object.too_large`, `file.unreadable` or
   * `repository.broken` when git fails. Throws the call's reason when it is cancelled. The process is gone in each case.
   */
  run(profile: Profile, command: GitCommand, run: Run, sink: Sink): Promise<GitEnded>;
  /** Ends what still runs. False when a process does not let go. */
  close(): Promise<boolean>;
}

export function createGitRunner(): GitRunner {
  const gate = createGate(LIMITS.processesMax, LIMITS.processesWaitingMax);
  const children = createChildren();

  async function run(
    profile: Profile,
    command: GitCommand,
    sink: Sink,
    limit: Limited,
  ): Promise<GitEnded> {
    const place = await gate.enter(limit.signal, groupsOf(profile, command));
    if (place === undefined) return limit.fail();
    const bytesMax = command.bytesMax ?? LIMITS.outputBytesMax;
    const watched = { signal: limit.signal, bytesMax, sink };
    // The place is given back when the process is gone, and not before.
    const outcome = await children.execute(startOf(profile, command), watched, place);
    throwTold(outcome);
    // A command that was stopped because its consumer had enough is an answer, even at the last moment.
    const complained = outcome.stderr !== '';
    if (outcome.cut) return { code: 0, cut: true, complained };
    if (outcome.grown) return refuse('object.too_large', { detail: 'the memory of git' });
    if (outcome.aborted) return limit.fail();
    const { code } = outcome;
    if (code === null || !(command.exitCodes ?? [0]).includes(code)) {
      return refuseFailure({ ...outcome, stderr: withoutPlaces(outcome.stderr, profile) });
    }
    return { code, cut: false, complained };
  }

  return {
    async run(profile, command, call, sink) {
      const limit = limited(call, LIMITS.commandMs);
      try {
        return await run(profile, command, sink, limit);
      } finally {
        limit.end();
      }
    },
    close: children.close,
  };
}

/** What went wrong with us is told as it is, whatever it looks like: a file that a consumer misses is no missing git. */
function throwTold({ failure, error }: Outcome): void {
  if (failure !== undefined) refuseStart(failure);
  if (error !== undefined) throw error;
}

/**
 * No repository has all places, and no reading of work trees: a pipe in the place of a file holds git
 * until the deadline, in as many repositories as somebody likes to unpack.
 */
function groupsOf({ key }: Profile, { refreshes = false }: GitCommand): readonly Group[] {
  const repository = { name: key, placesMax: LIMITS.repositoryProcessesMax };
  if (!refreshes) return [repository];
  return [
    repository,
    { name: `work tree ${key}`, placesMax: LIMITS.workTreeProcessesMax },
    { name: 'work trees', placesMax: LIMITS.workTreesProcessesMax },
  ];
}

function startOf(profile: Profile, command: GitCommand): Start {
  const refreshes = command.refreshes ?? false;
  return {
    binary: profile.binary,
    args: [...globalFlags({ refreshes }), ...command.args],
    // Our own directory: entering a work tree on a dead mount would hold this whole process.
    cwd: profile.gitDir,
    env: environmentOf(profile, { refreshes }),
  };
}

/** Makes the way to run commands of one opened repository in one call, as `Handle.git` wants it. */
export function gitOf(
  runner: GitRunner,
  profile: Profile,
  run: Run,
): (command: GitCommand, sink: Sink) => Promise<GitEnded> {
  return (command, sink) => runner.run(profile, command, run, sink);
}
