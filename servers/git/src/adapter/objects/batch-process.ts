import { type ChildProcess, spawn } from 'node:child_process';

import { endOf, SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

import { word } from '../../guard/argument.ts';
import { refuse } from '../../guard/refusals.ts';
import type { Profile } from '../handle.ts';
import { environmentOf } from '../process/environment.ts';
import { type Exit, withoutPlaces } from '../process/failure.ts';
import { globalFlags } from '../process/flags.ts';
import { makeExpendable } from '../process/memory.ts';
import { isFound, readAnswerLine } from './answer.ts';
import { createMarks, MarkFinder } from './marks.ts';
import type { Question } from './question.ts';

/** Bytes of an object that nobody wants any more which are read past; a longer one ends the process. */
const DRAIN_BYTES_MAX = 1_048_576;
/**
 * Characters of stderr that are kept, for the audit trail: the last ones tell why it ended. Where they
 * begin, a secret can end.
 */
const STDERR_CHARACTERS_MAX = 1024;
const STDERR_HEARD_MAX = STDERR_CHARACTERS_MAX + SECRET_CHARACTERS_MAX;

/** How long a question that nobody waits for may go on before its process is ended, in milliseconds. */
const ABANDON_MS = 250;

export interface BatchEvents {
  /** All questions are answered. */
  onIdle(): void;
  /**
   * The process is gone, with the questions that it left, the one that it was at first. The error is
   * why it could not be started.
   */
  onEnd(left: readonly Question[], exit: Exit, error: unknown): void;
}

/** A question on its way, and the mark behind its object. */
interface Asked {
  readonly question: Question;
  readonly mark: string | undefined;
}

/** What comes next of the first answer: its first line, so many bytes of the object, or the mark behind it. */
type Next =
  | { readonly what: 'line' }
  | { readonly what: 'mark' }
  | { readonly what: 'object'; left: number; readonly finder: MarkFinder };

const LINE: Next = { what: 'line' };
const MARK: Next = { what: 'mark' };

/**
 * One `git cat-file --batch-command`: names go in on its stdin, where they can be no options, each
 * ended by NUL, which no name can hold; objects come out in the same order. An object is done when the
 * mark behind it has come (marks.ts), and not before.
 */
export class BatchProcess {
  readonly #child: ChildProcess;
  readonly #profile: Profile;
  readonly #events: BatchEvents;
  readonly #nextMark = createMarks();
  readonly #asked: Asked[] = [];
  #unsent = '';
  #received: Buffer = Buffer.alloc(0);
  #next: Next = LINE;
  #wanted = false;
  /** Nothing that it prints can be told apart any more. */
  #lost = false;
  #heard = '';
  /** Runs while the first question is one that nobody waits for. */
  #clock: NodeJS.Timeout | undefined;
  #error: unknown;

  constructor(profile: Profile, events: BatchEvents) {
    this.#profile = profile;
    this.#events = events;
    const how = { refreshes: false };
    this.#child = spawn(profile.binary, [...globalFlags(how), ...ARGUMENTS], {
      cwd: profile.gitDir,
      env: environmentOf(profile, how),
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    makeExpendable(this.#child);
    this.#child.stdout?.on('data', (piece: Buffer) => this.#receive(piece));
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.#heard = (this.#heard + piece.toString()).slice(-STDERR_HEARD_MAX);
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
    const mark = question.verb === 'contents' ? this.#nextMark() : undefined;
    this.#asked.push({ question, mark });
    if (this.#unsent === '') queueMicrotask(() => this.#send());
    // Each answer is flushed by itself: it must not wait in git's buffer for one over which git hangs.
    const behind = mark === undefined ? '' : `info ${mark}\0`;
    this.#unsent += `${question.verb} ${question.name}\0${behind}flush\0`;
  }

  /** Answers what was asked, and goes. */
  retire(): void {
    this.#send();
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /**
   * Looks whether what it works at is what nobody waits for any more. That is over in a moment as a rule,
   * and the process stays; otherwise it is ended, and what waits behind is asked again.
   */
  look(): void {
    const isAbandoned = this.#asked[0]?.question.over === true;
    if (isAbandoned) this.#clock ??= setTimeout(() => this.#giveUp(), ABANDON_MS).unref();
  }

  /** Ends the process over its first question. What it still prints is nobody's: nothing of the next one. */
  #giveUp(): void {
    this.#lost = true;
    this.kill();
  }

  #send(): void {
    if (this.#unsent === '') return;
    this.#child.stdin?.write(this.#unsent, 'latin1');
    this.#unsent = '';
  }

  #receive(piece: Buffer): void {
    if (this.#lost) return;
    this.#received = this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece]);
    try {
      while (!this.#lost && this.#step());
    } catch (error) {
      // The first question's object did this; the others are asked again, of another process.
      this.#asked[0]?.question.fail(error);
      this.#giveUp();
    }
  }

  /** Takes one step through what was received. False when more has to come. */
  #step(): boolean {
    const [asked] = this.#asked;
    if (asked === undefined) return this.#received.length > 0 && unasked();
    if (this.#next.what === 'line') return this.#readLine(asked);
    if (this.#next.what === 'mark') return this.#readMark(asked);
    return this.#readObject(asked, this.#next);
  }

  #readLine({ question, mark }: Asked): boolean {
    const line = readAnswerLine(this.#received, question.name);
    if (line === undefined) return false;
    this.#received = this.#received.subarray(line.bytes);
    this.#wanted = question.known(line.known);
    if (mark === undefined) {
      this.#finish(question);
      return true;
    }
    const { known } = line;
    if (!isFound(known)) {
      this.#next = MARK;
      return true;
    }
    if (!this.#wanted && known.size > DRAIN_BYTES_MAX) this.#giveUp();
    this.#next = { what: 'object', left: known.size, finder: new MarkFinder(mark) };
    return true;
  }

  #readObject({ question }: Asked, next: Extract<Next, { what: 'object' }>): boolean {
    const piece = this.#received.subarray(0, next.left);
    if (next.finder.found(piece)) endsEarly();
    if (piece.length > 0 && this.#wanted && !question.over && question.piece(piece) === false) {
      this.#wanted = false;
      if (next.left > DRAIN_BYTES_MAX) this.#giveUp();
    }
    next.left -= piece.length;
    this.#received = this.#received.subarray(piece.length);
    if (next.left > 0 || this.#received.length === 0) return false;
    if (this.#received[0] !== NEWLINE) goesOn();
    this.#received = this.#received.subarray(1);
    this.#next = MARK;
    return true;
  }

  #readMark({ question, mark = '' }: Asked): boolean {
    const echo = Buffer.from(`${mark} missing\n`, 'latin1');
    const head = this.#received.subarray(0, echo.length);
    if (!head.equals(echo.subarray(0, head.length))) goesOn();
    if (head.length < echo.length) return false;
    this.#received = this.#received.subarray(echo.length);
    this.#next = LINE;
    this.#finish(question);
    return true;
  }

  #finish(question: Question): void {
    clearTimeout(this.#clock);
    this.#clock = undefined;
    this.#asked.shift();
    question.done();
    this.look();
    if (this.#asked.length === 0) this.#events.onIdle();
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#clock);
    this.#received = Buffer.alloc(0);
    const left = this.#asked.splice(0).map(({ question }) => question);
    const stderr = endOf(withoutPlaces(this.#heard, this.#profile), STDERR_CHARACTERS_MAX);
    this.#events.onEnd(left, { code, signal, stderr }, this.#error);
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

function unasked(): never {
  return refuse('repository.broken', { detail: 'cat-file answered without a question' });
}

function endsEarly(): never {
  return refuse('repository.broken', { detail: 'an object has fewer bytes than it announces' });
}

function goesOn(): never {
  return refuse('repository.broken', { detail: 'an object has more bytes than it announces' });
}
