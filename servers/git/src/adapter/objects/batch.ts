import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { GitEnded, Profile, Run, Sink } from '../handle.ts';
import { refuseFailure, refuseStart } from '../process/failure.ts';
import { isGoneInTime } from '../process/gone.ts';
import type { Known } from './answer.ts';
import { createDiffPool, type DiffOptions } from './diff-pool.ts';
import { Digest } from './digest.ts';
import { Lane } from './lane.ts';
import type { Trees } from './marked-answer.ts';
import { createPending, type Pending, reasonOf } from './pending.ts';
import type { Question } from './question.ts';

/** Long-lived processes, a few for each repository. */
export interface Batches {
  /** Questions of one call to one repository. Nothing is started before the first one. */
  open(profile: Profile, run: Run): Batch;
  /** Lets the processes of a profile go, when its state is no more. */
  end(key: string): void;
  /** Ends all processes. False when one does not let go. */
  close(): Promise<boolean>;
}

/** Names go in as byte strings; a name that leads nowhere is an answer. */
export interface Batch {
  info(name: string): Promise<Known>;
  /**
   * Streams an object. Refuses `object.too_large` before anything of it is read, `repository.broken`
   * when what was handed out is not the object of that id, and what `refuseFailure` says of one that git
   * cannot read. So nothing that the sink took may be used before this resolves.
   */
  contents(name: string, how: ContentsOptions, sink: Sink): Promise<Known>;
  /** Compares two trees; undefined when a command has to be asked instead (diff-pool.ts). */
  compare(trees: Trees, options: DiffOptions, sink: Sink): Promise<GitEnded | undefined>;
}

interface ContentsOptions {
  readonly bytesMax: number;
  /** It can be large, and must not stand before small ones. */
  readonly large?: boolean;
}

export interface BatchesOptions {
  readonly processesMax?: number;
  readonly idleMs?: number;
}

/**
 * Makes the pool. A process is reused for as long as it is asked something, and the least recently used
 * one goes when another repository needs its place.
 */
export function createBatches({
  processesMax = LIMITS.batchesMax,
  idleMs = LIMITS.batchIdleMs,
}: BatchesOptions = {}): Batches {
  /** In the order of their use. */
  const lanes = new Map<string, Lane>();
  const leaving = new Set<Lane>();
  const diffs = createDiffPool(idleMs);
  let closed = false;

  function pump(): void {
    for (const lane of leaving) if (lane.isOver) leaving.delete(lane);
    for (const [key, lane] of lanes) if (lane.isOver) lanes.delete(key);
    const all = [...leaving, ...lanes.values()];
    let there = all.reduce((sum, { processes }) => sum + processes, 0);
    for (const lane of all.filter(({ wants }) => wants)) {
      if (there >= processesMax) {
        all.find(({ idles }) => idles)?.retire();
        return;
      }
      lane.start();
      there += 1;
    }
  }

  function laneOf(profile: Profile, large: boolean): Lane {
    const key = `${large ? 'large' : 'small'} ${profile.key}`;
    const lane = lanes.get(key) ?? new Lane(profile, idleMs, { onWant: pump, onFree: pump });
    lanes.delete(key);
    lanes.set(key, lane);
    // It answers nothing, and starts nothing that would outlive us.
    if (closed) void lane.kill();
    return lane;
  }

  return {
    open(profile, run) {
      const pending = createPending(run);
      return {
        info: (name) => ask(laneOf(profile, false), pending, { verb: 'info', name }),
        contents: (name, { bytesMax, large = false }, sink) =>
          ask(laneOf(profile, large), pending, { verb: 'contents', name, bytesMax, sink }),
        compare: (trees, options, sink) => diffs.compare({ profile, run }, trees, options, sink),
      };
    },
    end(key) {
      diffs.end(key);
      for (const name of [`small ${key}`, `large ${key}`]) {
        const lane = lanes.get(name);
        if (lane === undefined) continue;
        lanes.delete(name);
        leaving.add(lane);
        lane.retire();
      }
      pump();
    },
    async close() {
      closed = true;
      const lanesGone = Promise.all([...leaving, ...lanes.values()].map((lane) => lane.kill()));
      const gone = await Promise.all([isGoneInTime(lanesGone), diffs.close()]);
      return gone.every(Boolean);
    },
  };
}

interface Asked {
  readonly verb: 'info' | 'contents';
  readonly name: string;
  readonly bytesMax?: number;
  readonly sink?: Sink;
}

const TRIES_MAX = 2;

/** Names over which git ends: those of a log that is shorter, and of an upstream that is not there. */
const NO_SUCH_NAME =
  /^fatal: (?:log for '|no upstream configured|no such branch|HEAD does not point to a branch|upstream branch ')/m;

const notItsName = (): unknown =>
  reasonOf(() => refuse('repository.broken', { detail: 'an object has not the hash of its name' }));

/** Puts one question, and settles when it is answered, fails, or its call ends. */
async function ask(
  lane: Lane,
  pending: Pending,
  { verb, name, bytesMax, sink }: Asked,
): Promise<Known> {
  // NUL ends a question: what follows would be another one.
  if (name.includes('\0')) throw new Error('A name cannot hold NUL.');
  const { promise, resolve, reject } = Promise.withResolvers<Known>();
  let known: Known = 'missing';
  let digest: Digest | undefined;
  let over = false;
  let tries = 0;
  const end = (settle: () => void): void => {
    if (over) return;
    over = true;
    held.settle();
    settle();
  };
  const question: Question = {
    verb,
    name,
    get over() {
      return over;
    },
    known(said) {
      known = said;
      if (bytesMax === undefined || typeof said === 'string') return !over;
      digest = new Digest(said);
      if (said.size <= bytesMax) return !over;
      end(() => reject(reasonOf(() => refuse('object.too_large'))));
      return false;
    },
    piece(bytes) {
      try {
        digest?.push(bytes);
        const more = sink?.(bytes);
        if (more === false) end(() => resolve(known));
        return more;
      } catch (error) {
        end(() => reject(error));
        return false;
      }
    },
    // What nobody waits for any more was not hashed to its end, and is not asked.
    done: () => end(() => (digest?.fits() === false ? reject(notItsName()) : resolve(known))),
    crashed(exit) {
      tries += 1;
      // Somebody or something else ended it. What has been handed out already cannot be asked for again.
      if (exit.code === null && tries < TRIES_MAX && known === 'missing') return true;
      if (verb === 'info' && NO_SUCH_NAME.test(exit.stderr)) end(() => resolve('missing'));
      end(() => reject(reasonOf(() => refuseFailure(exit))));
      return false;
    },
    fail: (error) => end(() => reject(reasonOf(() => refuseStart(error)))),
  };
  const held = pending.hold((error) => {
    end(() => reject(error));
    lane.abandon(question);
  });
  lane.ask(question);
  return await promise;
}
