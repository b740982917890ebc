import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Argument } from '../../guard/argument.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { GitEnded, Profile, Run, Sink } from '../handle.ts';
import { isGoneInTime } from '../process/gone.ts';
import { limited } from '../process/limited.ts';
import { identityAt } from '../repository/stamp.ts';
import { DiffProcess } from './diff-process.ts';
import type { Trees } from './marked-answer.ts';

/** Processes that compare trees, of all repositories together. */
const PROCESSES_MAX = 3;

/** How trees are compared. */
export interface DiffOptions {
  /** Options of `diff-tree`: one process answers only questions with the same ones. */
  readonly args: readonly Argument[];
  readonly bytesMax: number;
}

/** Long-lived processes that compare trees: most of what a short diff costs is the start of git. */
export interface DiffPool {
  /**
   * Compares two trees, as `git diff-tree` does. Undefined when no process is free, or the one that was
   * asked has no answer; some of one may have been handed out then. A command of the call's own is to be
   * asked instead, which has an answer or says why not. Refuses `git.timeout` and `object.too_large`.
   */
  compare(
    { profile, run }: { readonly profile: Profile; readonly run: Run },
    trees: Trees,
    options: DiffOptions,
    sink: Sink,
  ): Promise<GitEnded | undefined>;
  /** Lets the processes of a profile go, when its state is no more. */
  end(key: string): void;
  /** Ends all processes. False when one does not let go. */
  close(): Promise<boolean>;
}

/** @param idleMs how long a process may idle, in milliseconds. */
export function createDiffPool(idleMs: number = LIMITS.batchIdleMs): DiffPool {
  const processes = new Processes(idleMs);
  return {
    async compare({ profile, run }, trees, { args, bytesMax }, sink) {
      const asked = startable(() => processes.take(profile, args));
      if (asked === undefined) return undefined;
      const limit = limited(run, LIMITS.commandMs);
      try {
        const outcome = await asked.ask({ trees, bytesMax, sink, signal: limit.signal });
        if (outcome === 'aborted') return limit.fail();
        // What was asked before holds memory as well: only a new process says that this is too much.
        if (outcome === 'grown' && !asked.used)
          return refuse('object.too_large', { detail: 'the memory of git' });
        if (outcome === 'grown' || outcome === 'nothing') return undefined;
        return { code: 0, cut: outcome === 'cut', complained: false };
      } finally {
        limit.end();
      }
    },
    end: (key) => processes.end(key),
    close: () => processes.close(),
  };
}

/** Some errors are thrown at a start, as when there is no memory; the call's own command tells of them. */
function startable(start: () => DiffProcess | undefined): DiffProcess | undefined {
  try {
    return start();
  } catch {
    return undefined;
  }
}

interface Kept {
  /** Of the profile. */
  readonly key: string;
  readonly attributes: string;
  readonly process: DiffProcess;
  /** Runs while nobody asks it. */
  readonly clock: NodeJS.Timeout;
}

class Processes {
  readonly #idleMs: number;
  /** By profile and options, in the order of their use. */
  readonly #kept = new Map<string, Kept>();
  /** All that are there, those that were told to go included. */
  readonly #running = new Set<DiffProcess>();
  #closed = false;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** A process that may be asked now, if there is one or room for one. */
  take(profile: Profile, args: readonly Argument[]): DiffProcess | undefined {
    if (this.#closed) return undefined;
    const name = `${profile.key}\0${args.join(' ')}`;
    const attributes = attributesOf(profile);
    const known = this.#kept.get(name);
    if (known !== undefined && !known.process.over && known.attributes === attributes) {
      if (!known.process.idle) return undefined;
      this.#kept.delete(name);
      this.#kept.set(name, known);
      known.clock.refresh();
      return known.process;
    }
    if (known !== undefined) this.#letGo(name, known);
    if (!this.#hasRoom() || !isOurs(profile)) return undefined;
    const started = new DiffProcess(profile, args);
    this.#keep(name, { key: profile.key, attributes, process: started });
    return started;
  }

  end(key: string): void {
    for (const [name, kept] of this.#kept) if (kept.key === key) this.#letGo(name, kept);
  }

  async close(): Promise<boolean> {
    this.#closed = true;
    for (const kept of this.#kept.values()) clearTimeout(kept.clock);
    for (const running of this.#running) running.kill();
    return isGoneInTime(Promise.all(Array.from(this.#running, ({ gone }) => gone)));
  }

  #keep(name: string, kept: Omit<Kept, 'clock'>): void {
    const { process: started } = kept;
    this.#running.add(started);
    void started.gone.then(() => {
      this.#running.delete(started);
      const known = this.#kept.get(name);
      if (known?.process === started) this.#letGo(name, known);
    });
    const clock = setTimeout(() => this.#tire(name, started), this.#idleMs).unref();
    this.#kept.set(name, { ...kept, clock });
  }

  /** The one that was not used for longest goes for a new one; it counts until it is gone. */
  #hasRoom(): boolean {
    if (this.#running.size < PROCESSES_MAX) return true;
    const idle = [...this.#kept].find(([, kept]) => kept.process.idle);
    if (idle !== undefined) this.#letGo(...idle);
    return false;
  }

  #tire(name: string, tired: DiffProcess): void {
    const known = this.#kept.get(name);
    if (known?.process !== tired) return;
    if (tired.idle) this.#letGo(name, known);
    else known.clock.refresh();
  }

  #letGo(name: string, kept: Kept): void {
    clearTimeout(kept.clock);
    this.#kept.delete(name);
    kept.process.retire();
  }
}

/** git reads attributes once, and keeps them: it has to go when ours are written anew. */
function attributesOf({ gitDir }: Profile): string {
  // Of a linked work tree they stand in the common directory.
  return ['.', 'common']
    .map((place) => identityAt(join(gitDir, place, 'info', 'attributes')))
    .join(' ');
}

/**
 * Whether a private directory still stands in one of this user alone. When a cleaner took it away,
 * another user can make one of the same name, with settings of theirs.
 */
function isOurs({ gitDir }: Profile): boolean {
  const { uid, mode } = lstatSync(dirname(gitDir));
  const isDirectory = lstatSync(gitDir).isDirectory();
  // Windows has neither.
  if (process.geteuid === undefined) return isDirectory;
  return isDirectory && uid === process.geteuid() && (mode & 0o777) === 0o700;
}
