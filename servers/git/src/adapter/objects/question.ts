import type { Exit } from '../process/failure.ts';
import type { Sink } from '../handle.ts';
import type { Known } from './answer.ts';

/** One question to a long-lived process, from its asking to its answer. */
export interface Question {
  readonly verb: 'info' | 'contents';
  /** The name as git reads it: one character per byte. */
  readonly name: string;
  /** Takes the first line. For contents, false leaves out the object itself. */
  known(known: Known): boolean;
  readonly piece: Sink;
  /** The answer is complete. */
  done(): void;
  /** The process ended over it. True when it wants to be asked again. */
  crashed(exit: Exit): boolean;
  fail(error: unknown): void;
  /** Nobody waits for it any more. */
  readonly over: boolean;
}
