import { type ChildProcess, spawn } from 'node:child_process';

import { type Argument, word } from '../../guard/argument.ts';
import type { Profile, Sink } from '../handle.ts';
import { environmentOf } from '../process/environment.ts';
import { globalFlags } from '../process/flags.ts';
import { makeExpendable, PROCESS_BYTES_MAX, watchMemory } from '../process/memory.ts';
import { MarkedAnswer, type Trees } from './marked-answer.ts';

/** What nobody wants any more of an answer is read past: so many bytes, and so many milliseconds. */
const DRAIN_BYTES_MAX = 1_048_576;
const ABANDON_MS = 250;
/** Questions to one process, and bytes of its own memory: git keeps every tree that it was asked for. */
const QUESTIONS_MAX = 500;
const KEPT_BYTES_MAX = Math.min(67_108_864, PROCESS_BYTES_MAX / 2);
/** How long its memory is still watched after an answer, in milliseconds. */
const WATCHED_MS = 200;

export interface DiffQuestion {
  readonly trees: Trees;
  readonly bytesMax: number;
  readonly sink: Sink;
  readonly signal: AbortSignal;
}

/**
 * How a question ended. `nothing` is no answer: the trees cannot be read, the process is gone, or it
 * printed what was not asked.
 */
export type DiffOutcome = 'whole' | 'cut' | 'aborted' | 'grown' | 'nothing';

/** A question on its way. */
interface Asked extends DiffQuestion {
  readonly answer: MarkedAnswer;
  left: number;
  /** Its call has what it wanted; what still comes is read past. */
  over: boolean;
  settle(outcome: DiffOutcome): void;
  fail(error: unknown): void;
}

/**
 * One `git diff-tree --stdin`, which answers one question after the other. Only ids that were resolved
 * go in, and a line of ours (marked-answer.ts).
 *
 * It has what a command of a call has: the environment, the flags, the bounds of output and memory. Where
 * one of these, or the end of the call, stops a question, the process is killed.
 */
export class DiffProcess {
  readonly #child: ChildProcess;
  #asked: Asked | undefined;
  #questions = 0;
  #over = false;
  #unwatch: (() => void) | undefined;
  #heavy = false;
  /** Ends the reading of what nobody wants, or the watch over its memory. */
  #clock: NodeJS.Timeout | undefined;
  /** Resolves when there is no process any more. */
  readonly gone: Promise<void>;

  constructor(profile: Profile, args: readonly Argument[]) {
    const how = { refreshes: false };
    const child = spawn(profile.binary, [...globalFlags(how), ...BEGINNING, ...args], {
      cwd: profile.gitDir,
      env: environmentOf(profile, how),
      // What it says of objects that it cannot read is said again by the command that is asked then.
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    this.#child = child;
    makeExpendable(child);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    const end = (): void => {
      resolve();
      this.#end();
    };
    child.on('error', () => {
      // Without a process there is no `close`.
      if (child.pid === undefined) end();
    });
    child.stdout.on('data', (piece: Buffer) => this.#receive(piece));
    // A process that is gone reads nothing; that it is gone is said elsewhere.
    child.stdin.on('error', () => undefined);
    child.once('close', end);
  }

  /** It can be asked now. */
  get idle(): boolean {
    return !this.#over && this.#asked === undefined;
  }

  /** It answers nothing any more. */
  get over(): boolean {
    return this.#over;
  }

  /** It has answered before: what it cannot do now, a new one might. */
  get used(): boolean {
    return this.#questions > 1;
  }

  /** Asks. Rejects with what the sink throws. Only when it is idle. */
  async ask(question: DiffQuestion): Promise<DiffOutcome> {
    const { trees, bytesMax, signal } = question;
    if (signal.aborted) return 'aborted';
    const { promise, resolve, reject } = Promise.withResolvers<DiffOutcome>();
    const abort = (): void => this.#stop('aborted');
    const asked: Asked = {
      ...question,
      answer: new MarkedAnswer(trees),
      left: bytesMax,
      over: false,
      settle: (outcome) => {
        asked.over = true;
        resolve(outcome);
      },
      fail: (error) => {
        asked.over = true;
        reject(error);
      },
    };
    this.#asked = asked;
    this.#questions += 1;
    clearTimeout(this.#clock);
    this.#watch();
    signal.addEventListener('abort', abort, { once: true });
    this.#child.stdin?.write(asked.answer.question, 'latin1');
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Goes when it has answered. */
  retire(): void {
    this.#over = true;
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#over = true;
    this.#child.kill('SIGKILL');
    // What still stands in the pipe is of no use to anybody.
    this.#child.stdout?.destroy();
  }

  /** Ends the process, and the question with it. */
  #stop(outcome: DiffOutcome): void {
    this.kill();
    this.#asked?.settle(outcome);
  }

  #receive(piece: Buffer): void {
    const asked = this.#asked;
    // Nothing that it prints can be told apart any more.
    if (asked === undefined) {
      this.kill();
      return;
    }
    const { body, end } = asked.answer.take(piece);
    if (end === 'unanswered') {
      this.#stop('nothing');
      return;
    }
    if (asked.over) asked.left -= body.length;
    else this.#hand(asked, body, end === 'answered');
    if (end === 'answered') this.#finish(asked);
    else if (asked.over && asked.left < 0) this.kill();
  }

  /** Hands a piece of the answer on, as much of it as may be. */
  #hand(asked: Asked, body: Buffer, isLast: boolean): void {
    const fits = body.length <= asked.left ? body : body.subarray(0, asked.left);
    asked.left -= fits.length;
    try {
      const wantsMore = fits.length === 0 || asked.sink(fits) !== false;
      if (wantsMore && fits === body) return;
      asked.settle('cut');
    } catch (error) {
      asked.fail(error);
    }
    asked.left = DRAIN_BYTES_MAX;
    if (!isLast) this.#clock = setTimeout(() => this.kill(), ABANDON_MS).unref();
  }

  #finish(asked: Asked): void {
    this.#asked = undefined;
    clearTimeout(this.#clock);
    asked.settle('whole');
    if (this.#heavy || this.#questions >= QUESTIONS_MAX) this.retire();
    else this.#clock = setTimeout(() => this.#endWatch(), WATCHED_MS).unref();
  }

  /** What takes too much is ended; what holds much does not stay. */
  #watch(): void {
    this.#unwatch ??= watchMemory(this.#child, KEPT_BYTES_MAX, () => {
      this.#heavy = true;
      if (this.idle) this.retire();
      this.#unwatch = watchMemory(this.#child, PROCESS_BYTES_MAX, () => this.#stop('grown'));
    });
  }

  #endWatch(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#clock);
    this.#endWatch();
    this.#asked?.settle('nothing');
    this.#asked = undefined;
  }
}

const BEGINNING = [
  // Of the bases of deltas: a process that lives long and is one of several has to be small.
  word('-c'),
  word('core.deltaBaseCacheLimit=16m'),
  word('diff-tree'),
  word('--stdin'),
];
