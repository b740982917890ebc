import { type ChildProcess, spawn } from 'node:child_process';

import { word } from '../../guard/argument.ts';
import type { Profile } from '../handle.ts';
import { environmentOf } from '../process/environment.ts';
import type { Exit } from '../process/failure.ts';
import { globalFlags } from '../process/flags.ts';
import { type AnswerLine, readAnswerLine } from './answer.ts';
import type { Question } from './question.ts';

/** Bytes of an object that nobody wants any more which are read past; a longer one ends the process. */
const DRAIN_BYTES_MAX = 1_048_576;
/** Bytes of stderr that are kept, for the audit trail: the last ones tell why it ended. */
const STDERR_BYTES_MAX = 1024;

export interface BatchEvents {
  /** All questions are answered. */
  onIdle(): void;
  /** The process is gone, with the questions that it left, the one that it was at first. */
  onEnd(left: readonly Question[], exit: Exit, error: unknown): void;
}

/**
 * One `git cat-file --batch-command`: names go in on its stdin, where they can be no options, each
 * ended by NUL, which no name can hold; objects come out in the same order.
 */
export class BatchProcess {
  readonly #child: ChildProcess;
  readonly #events: BatchEvents;
  readonly #asked: Question[] = [];
  #unsent = '';
  #received: Buffer = Buffer.alloc(0);
  /** Bytes of the current object that are still to come, its newline not counted; undefined before its first line. */
  #left: number | undefined;
  #wanted = false;
  #heard = '';
  #error: unknown;

  constructor(profile: Profile, events: BatchEvents) {
    this.#events = events;
    const how = { refreshes: false };
    this.#child = spawn(profile.binary, [...globalFlags(how), ...ARGUMENTS], {
      cwd: profile.gitDir,
      env: environmentOf(profile, how),
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    this.#child.stdout?.on('data', (piece: Buffer) => this.#receive(piece));
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.#heard = (this.#heard + piece.toString()).slice(-STDERR_BYTES_MAX);
    });
    // A process that is gone reads nothing; that it is gone is said elsewhere.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.once('error', (error) => {
      this.#error = error;
      // Without a process there is no `close`.
      if (this.#child.pid === undefined) this.#end(null, null);
    });
    this.#child.once('close', (code, signal) => this.#end(code, signal));
  }

  get idle(): boolean {
    return this.#asked.length === 0;
  }

  /** Asks; all questions of one turn go out together. */
  ask(question: Question): void {
    this.#asked.push(question);
    if (this.#unsent === '') queueMicrotask(() => this.#send());
    this.#unsent += `${question.verb} ${question.name}\0`;
  }

  /** Answers what was asked, and goes. */
  retire(): void {
    this.#send();
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends the process when a question that nobody waits for is still what it works at. */
  killIfAt(question: Question): void {
    if (this.#asked.includes(question)) this.kill();
  }

  #send(): void {
    if (this.#unsent === '') return;
    this.#child.stdin?.write(`${this.#unsent}flush\0`, 'latin1');
    this.#unsent = '';
  }

  #receive(piece: Buffer): void {
    if (this.#error !== undefined) return;
    this.#received = this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece]);
    try {
      while (this.#step());
    } catch (error) {
      // Nothing that follows can be told apart any more.
      this.#error = error;
      this.kill();
    }
  }

  /** Takes one step through what was received. False when more has to come. */
  #step(): boolean {
    const [question] = this.#asked;
    if (question === undefined) {
      if (this.#received.length > 0) throw new Error('cat-file answered without a question.');
      return false;
    }
    return this.#left === undefined ? this.#readLine(question) : this.#readBody(question);
  }

  #readLine(question: Question): boolean {
    const line = readAnswerLine(this.#received, question.name);
    if (line === undefined) return false;
    this.#received = this.#received.subarray(line.bytes);
    this.#wanted = question.known(line.known);
    const size = sizeOfBody(question, line);
    if (size === undefined) this.#finish(question);
    else if (!this.#wanted && size > DRAIN_BYTES_MAX) this.kill();
    this.#left = size;
    return true;
  }

  #readBody(question: Question): boolean {
    const left = this.#left ?? 0;
    const piece = this.#received.subarray(0, left);
    if (piece.length > 0 && this.#wanted && !question.over && question.piece(piece) === false) {
      this.#wanted = false;
      if (left > DRAIN_BYTES_MAX) this.kill();
    }
    this.#left = left - piece.length;
    this.#received = this.#received.subarray(piece.length);
    if (this.#left > 0 || this.#received.length === 0) return false;
    if (this.#received[0] !== NEWLINE) throw new Error('cat-file printed more than it announced.');
    this.#received = this.#received.subarray(1);
    this.#left = undefined;
    this.#finish(question);
    return true;
  }

  #finish(question: Question): void {
    this.#asked.shift();
    question.done();
    if (this.#asked.length === 0) this.#events.onIdle();
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    this.#received = Buffer.alloc(0);
    const left = this.#asked.splice(0);
    this.#events.onEnd(left, { code, signal, stderr: this.#heard }, this.#error);
  }
}

const NEWLINE = 0x0a;

const ARGUMENTS = [
  // Of the bases of deltas: a process that lives long and is one of several has to be small.
  word('-c'),
  word('core.deltaBaseCacheLimit=16m'),
  word('cat-file'),
  word('--batch-command'),
  word('-z'),
  word('--buffer'),
];

function sizeOfBody({ verb }: Question, { known }: AnswerLine): number | undefined {
  return verb === 'contents' && typeof known !== 'string' ? known.size : undefined;
}
