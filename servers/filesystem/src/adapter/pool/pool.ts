import { availableParallelism } from 'node:os';

import { refuse } from '../../guard/index.ts';
import type { Job, WorkerMessage } from '../job.ts';
import type { Result } from '../results.ts';
import { isLong, sharesRoot, wouldHang } from './hang.ts';
import type { Slot, StartSlot } from './slot.ts';
import { type RunOptions, Task } from './task.ts';

/** Workers at most that can take a job. */
const WORKERS_MAX = 4;
/** Workers that long walks may hold: a short read always finds another one, and a processor to run on. */
const LONG_MAX = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Jobs that may wait for a worker. */
const WAITING_MAX = 64;
/** Workers that hang in a file system which does not answer; above it no new one is risked. */
const STUCK_MAX = 8;
/** How long a worker may go on after its deadline or its cancelling before it is ended, in milliseconds. */
const END_AFTER_MS = 250;
/** How long it may take to end. One that computes does at once; one that does not is in a system call. */
const STUCK_AFTER_MS = 250;
/** How long workers may take to end, in milliseconds. */
const END_MS = 500;

interface Running {
  readonly id: number;
  readonly task: Task;
  timer: NodeJS.Timeout | undefined;
}

interface Worker {
  readonly slot: Slot;
  running: Running | undefined;
  /** Inside a system call that does not return. It may come back, or never. */
  stuck: boolean;
}

/**
 * Runs jobs on workers, so that no disk can hold the server.
 *
 * A worker that computes for too long is ended. A system call on a dead mount does not return and
 * cannot be interrupted: it costs its worker, the next job gets another one, and whoever asks for the
 * same place is refused at once.
 */
export class Pool {
  readonly #load: () => Promise<StartSlot>;
  readonly #workers = new Set<Worker>();
  readonly #waiting: Task[] = [];
  #start: StartSlot | undefined;
  #lastId = 0;
  #closing = false;

  /** `load` loads what starts workers; nothing of it is needed before the first job. */
  constructor(load: () => Promise<StartSlot>) {
    this.#load = load;
  }

  async run(job: Job, options: RunOptions): Promise<Result> {
    this.#start ??= await this.#load();
    // Whoever asks now has been cancelled, and the roots may be gone.
    if (this.#closing) refuse('disk.busy');
    if (this.#hangs(job)) refuse('root.unresponsive');
    if (this.#waiting.length >= WAITING_MAX) refuse('disk.busy');
    const task = new Task(job, options);
    const cancel = (): void => this.#cancel(task);
    options.signal.addEventListener('abort', cancel, { once: true });
    this.#waiting.push(task);
    this.#pump();
    try {
      return await task.result;
    } finally {
      options.signal.removeEventListener('abort', cancel);
    }
  }

  /** Ends all workers. False when one is still inside a system call. */
  async close(): Promise<boolean> {
    this.#closing = true;
    const ends = Array.from(this.#workers, ({ slot }) => slot.end());
    const late = new Promise<'late'>((resolve) => {
      setTimeout(resolve, END_MS, 'late').unref();
    });
    return (await Promise.race([Promise.all(ends), late])) !== 'late';
  }

  #live(): Worker[] {
    return [...this.#workers].filter(({ stuck }) => !stuck);
  }

  #stuckJobs(): Job[] {
    return [...this.#workers].flatMap(({ stuck, running }) =>
      stuck && running ? [running.task.job] : [],
    );
  }

  /** A file system that holds one worker would hold the next one, too. */
  #hangs(job: Job): boolean {
    const stuck = this.#stuckJobs();
    const meets = stuck.length >= STUCK_MAX ? sharesRoot : wouldHang;
    return stuck.some((held) => meets(held, job));
  }

  /** Gives waiting jobs to free workers, first come first served; long ones let short ones pass. */
  #pump(): void {
    const held = this.#live().filter(({ running }) => running && isLong(running.task.job)).length;
    let longLeft = LONG_MAX - held;
    for (const task of this.#waiting.splice(0)) {
      if (task.settled) continue;
      const long = isLong(task.job);
      const worker = long && longLeft <= 0 ? undefined : this.#free();
      if (worker === undefined) this.#waiting.push(task);
      else {
        if (long) longLeft -= 1;
        this.#give(worker, task);
      }
    }
  }

  #free(): Worker | undefined {
    const live = this.#live();
    const idle = live.find(({ running }) => running === undefined);
    if (idle !== undefined || this.#start === undefined) return idle;
    if (live.length >= WORKERS_MAX || this.#workers.size - live.length >= STUCK_MAX)
      return undefined;
    const worker: Worker = {
      slot: this.#start({
        onMessage: (message) => this.#receive(worker, message),
        onEnd: () => this.#lose(worker),
      }),
      running: undefined,
      stuck: false,
    };
    this.#workers.add(worker);
    return worker;
  }

  #give(worker: Worker, task: Task): void {
    this.#lastId = (this.#lastId % 0x7fffffff) + 1;
    const budgetMs = Math.max(0, task.options.deadline - performance.now());
    worker.running = { id: this.#lastId, task, timer: undefined };
    this.#watch(worker, budgetMs + END_AFTER_MS);
    worker.slot.post({ id: this.#lastId, job: task.job, budgetMs });
  }

  #receive(worker: Worker, message: WorkerMessage): void {
    const { running } = worker;
    if (running?.id !== message.id) return;
    if (message.kind === 'progress') {
      if (!running.task.settled) running.task.options.onProgress(message.done);
      return;
    }
    clearTimeout(running.timer);
    worker.running = undefined;
    running.task.settle(message);
    worker.stuck = false;
    // One that was stuck has come back, and another one has taken its place meanwhile.
    if (this.#live().length > WORKERS_MAX) {
      this.#workers.delete(worker);
      void worker.slot.end();
    }
    this.#pump();
  }

  #cancel(task: Task): void {
    const worker = [...this.#workers].find(({ running }) => running?.task === task);
    if (worker?.running !== undefined) {
      worker.slot.cancel(worker.running.id);
      this.#watch(worker, END_AFTER_MS);
    }
    task.fail(task.options.signal.reason);
  }

  /** Ends a worker that has not finished its job in time: an expression can be linear and still take minutes. */
  #watch(worker: Worker, afterMs: number): void {
    const { running } = worker;
    if (running === undefined) return;
    clearTimeout(running.timer);
    running.timer = setTimeout(() => {
      void worker.slot.end();
      running.timer = setTimeout(() => this.#suspect(worker), STUCK_AFTER_MS).unref();
    }, afterMs).unref();
  }

  /** What computes can be ended. What is still there waits inside a system call. */
  #suspect(worker: Worker): void {
    worker.stuck = true;
    worker.running?.task.refuse('root.unresponsive');
    this.#pump();
  }

  #lose(worker: Worker): void {
    if (!this.#workers.delete(worker)) return;
    clearTimeout(worker.running?.timer);
    // Settled already, when it was ended for being late.
    worker.running?.task.refuse('disk.memory');
    if (!this.#closing) this.#pump();
  }
}
