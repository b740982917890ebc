import { Refusal } from '@secure-mcp/validation';

import { REFUSALS } from '../../guard/index.ts';
import type { Job, WorkerMessage } from '../job.ts';
import type { Result } from '../results.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly onProgress: (done: number) => void;
}

type End = Exclude<WorkerMessage, { kind: 'progress' }>;

/** A job and whoever waits for it. It is settled once, whoever comes first. */
export class Task {
  readonly job: Job;
  readonly options: RunOptions;
  readonly result: Promise<Result>;
  #settled = false;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(job: Job, options: RunOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.job = job;
    this.options = options;
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Passes on what a worker said at the end. */
  settle(message: End): void {
    if (this.#settled) return;
    this.#settled = true;
    if (message.kind === 'done') this.#resolve(message.result);
    else this.#reject(reasonOf(message));
  }

  refuse(code: keyof typeof REFUSALS): void {
    this.fail(new Refusal(code, REFUSALS[code]));
  }

  fail(reason: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(reason);
  }
}

function reasonOf(message: Exclude<End, { kind: 'done' }>): Error {
  if (message.kind === 'failed')
    return Object.assign(new Error('a disk job failed'), message.fault);
  const { code, message: text, detail } = message;
  return new Refusal(code, text, detail === undefined ? {} : { detail });
}
