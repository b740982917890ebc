import type { Profile } from '../handle.ts';
import type { Exit } from '../process/failure.ts';
import { BatchProcess } from './batch-process.ts';
import type { Question } from './question.ts';

export interface LaneEvents {
  /** It has questions and no process. */
  onWant(): void;
  /** A process of it has nothing to do, or is gone. */
  onFree(): void;
}

/** One line of questions to one repository, and the process that answers them, while there is one. */
export class Lane {
  readonly #profile: Profile;
  readonly #idleMs: number;
  readonly #events: LaneEvents;
  /** All that are there, those that were told to go included. */
  readonly #processes = new Map<BatchProcess, Promise<void>>();
  #waiting: Question[] = [];
  #current: BatchProcess | undefined;
  #clock: NodeJS.Timeout | undefined;
  #killed = false;

  constructor(profile: Profile, idleMs: number, events: LaneEvents) {
    this.#profile = profile;
    this.#idleMs = idleMs;
    this.#events = events;
  }

  get processes(): number {
    return this.#processes.size;
  }

  get wants(): boolean {
    return this.#waiting.length > 0 && this.#current === undefined;
  }

  /** Nothing of it is left. */
  get isOver(): boolean {
    return this.#processes.size === 0 && this.#waiting.length === 0;
  }

  /** It has a process, which has nothing to do. */
  get idles(): boolean {
    return this.#current?.idle ?? false;
  }

  ask(question: Question): void {
    if (this.#killed) {
      question.fail(new Error('The processes were ended.'));
      return;
    }
    if (this.#current !== undefined) {
      this.#current.ask(question);
      return;
    }
    this.#waiting.push(question);
    this.#events.onWant();
  }

  /** Takes back a question that nobody waits for any more. */
  abandon(question: Question): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== question);
    for (const process of this.#processes.keys()) process.look();
  }

  start(): void {
    try {
      this.#start();
    } catch (error) {
      // Some errors are thrown, as when there is no memory, and here often nobody would catch them.
      for (const question of this.#waiting.splice(0)) question.fail(error);
    }
  }

  #start(): void {
    const ended = Promise.withResolvers<void>();
    const started = new BatchProcess(this.#profile, {
      onIdle: () => {
        this.#clock?.refresh();
        this.#events.onFree();
      },
      onEnd: (left, exit, error) => {
        this.#processes.delete(started);
        if (this.#current === started) this.#forget();
        this.#takeUp(left, exit, error);
        ended.resolve();
        this.#events.onFree();
      },
    });
    this.#processes.set(started, ended.promise);
    this.#current = started;
    this.#clock = setTimeout(() => this.#tire(), this.#idleMs).unref();
    for (const question of this.#waiting.splice(0)) started.ask(question);
  }

  /** Lets the process answer what it was asked, and go. */
  retire(): void {
    this.#current?.retire();
    this.#forget();
  }

  /** Ends all processes at once, and for good. Resolves when they are gone. */
  async kill(): Promise<void> {
    // What a process leaves unanswered would be asked of a new one.
    this.#killed = true;
    for (const question of this.#waiting.splice(0)) this.ask(question);
    for (const process of this.#processes.keys()) process.kill();
    await Promise.all(this.#processes.values());
  }

  #forget(): void {
    clearTimeout(this.#clock);
    this.#current = undefined;
  }

  #tire(): void {
    if (this.idles) this.retire();
    else this.#clock?.refresh();
  }

  /** One question ended the process, the first one; those after it are asked again. */
  #takeUp(left: readonly Question[], exit: Exit, error: unknown): void {
    const [first, ...others] = left;
    if (error !== undefined) {
      for (const question of left) question.fail(error);
      return;
    }
    const again = first !== undefined && !first.over && first.crashed(exit) ? [first] : [];
    for (const question of [...again, ...others]) if (!question.over) this.ask(question);
  }
}
