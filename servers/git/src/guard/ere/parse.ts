import { endOfBracket } from './bracket.ts';
import {
  anyOf,
  ASSERTION,
  CHARACTER,
  type Cost,
  group,
  isAffordable,
  repeated,
  sum,
} from './cost.ts';
import { EreFault, type EreProblem, fail } from './problem.ts';

/** A pattern as glibc gets it, or why not. */
export type ParsedEre =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: EreProblem };

const DEPTH_MAX = 10;
const COUNT_MAX = 100;

/** A part that was read: what glibc gets for it, and what it costs. */
interface Part {
  readonly text: string;
  readonly cost: Cost;
  /** More than one byte: a quantifier would repeat the last one only. */
  readonly wide?: boolean;
}

/** Reads a pattern in one pass. Whatever is not known here is refused, whether glibc knows it or not. */
export function parseEre(pattern: string): ParsedEre {
  try {
    return { ok: true, text: new Reader(pattern).whole() };
  } catch (error) {
    if (error instanceof EreFault) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** glibc takes `\d` for the letter d, and `\t` for a t. Who writes them means a digit and a tab. */
const CLASSES: Readonly<Record<string, string>> = {
  w: '\\w',
  W: '\\W',
  s: '\\s',
  S: '\\S',
  d: '[0-9]',
  D: '[^0-9]',
  t: '\t',
};

function punctuation(letter: string): string {
  // To glibc, \` and \' are the ends of the text.
  if (!/[!-&(-/:-@[-_{-~]/.test(letter)) fail('escape');
  return /[.[\]()*+?{}|^$\\]/.test(letter) ? `\\${letter}` : letter;
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}

class Reader {
  readonly #text: string;
  readonly #assertionKinds = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): string {
    const { text, cost } = this.#alternatives();
    if (this.#at < this.#text.length) return fail('open');
    return isAffordable(cost, this.#assertionKinds.size) ? text : fail('too costly');
  }

  #alternatives(): Part {
    const branches = [this.#sequence()];
    while (this.#take('|')) branches.push(this.#sequence());
    const text = branches.map((branch) => branch.text).join('|');
    return { text, cost: anyOf(branches.map(({ cost }) => cost)) };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#text.length && !/[|)]/.test(this.#peek())) {
      parts.push(this.#quantified(this.#atom()));
    }
    // POSIX leaves open what an empty alternative matches.
    if (parts.length === 0) fail('empty');
    return {
      text: parts.map(({ text }) => text).join(''),
      cost: sum(parts.map(({ cost }) => cost)),
    };
  }

  #atom(): Part {
    const letter = this.#next();
    switch (letter) {
      case '(':
        return this.#group();
      case '[':
        return this.#bracket();
      case '\\':
        return this.#escape();
      case '^':
      case '$':
        return this.#assertion(letter);
      case '*':
      case '+':
      case '?':
      case '{':
        return fail('quantifier');
      case '\n':
      case '\r':
        return fail('line');
      default:
        return { text: letter, cost: CHARACTER, wide: letter > '\x7f' };
    }
  }

  #group(): Part {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) fail('depth');
    // A group that captures nothing is a group like any other: nobody asks for what it captured.
    if (this.#take('?') && !this.#take(':')) fail('group');
    const { text, cost } = this.#alternatives();
    if (!this.#take(')')) fail('open');
    this.#depth -= 1;
    return { text: `(${text})`, cost: group(cost) };
  }

  #bracket(): Part {
    const start = this.#at - 1;
    this.#at = endOfBracket(this.#text, start);
    return { text: this.#text.slice(start, this.#at), cost: CHARACTER };
  }

  #escape(): Part {
    const letter = this.#at < this.#text.length ? this.#next() : fail('escape');
    if (/[0-9]/.test(letter)) fail('back reference');
    if (/[bB<>]/.test(letter)) return this.#assertion(`\\${letter}`);
    return { text: CLASSES[letter] ?? punctuation(letter), cost: CHARACTER };
  }

  #assertion(text: string): Part {
    this.#assertionKinds.add(text);
    return { text, cost: ASSERTION };
  }

  #quantified(part: Part): Part {
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    // glibc goes around such a loop in every order: ^(((((a*)*)*)*)*){12} takes more than 20 seconds, and
    // (\b|\B|a){100} 1.2 GB.
    if (part.cost.nullable) fail('nothing');
    // A second one means something else in every dialect: lazy, possessive, or the first one again.
    if (/[*+?{]/.test(this.#peek())) fail('quantifier');
    const text = part.wide === true ? `(${part.text})` : part.text;
    return { text: text + bounds.text, cost: repeated(part.cost, bounds.min, bounds.max) };
  }

  #bounds(): { text: string; min: number; max: number | undefined } | undefined {
    if (this.#take('*')) return { text: '*', min: 0, max: undefined };
    if (this.#take('+')) return { text: '+', min: 1, max: undefined };
    if (this.#take('?')) return { text: '?', min: 0, max: 1 };
    return this.#peek() === '{' ? this.#counted() : undefined;
  }

  #counted(): { text: string; min: number; max: number | undefined } {
    const [whole, from, comma, to] =
      /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 9)) ?? [];
    if (whole === undefined) return fail('count');
    this.#at += whole.length;
    const min = Number(from);
    const max = comma === undefined ? min : numberOf(to);
    const last = max ?? min;
    // {0} would leave out what it stands behind.
    return last >= min && last <= COUNT_MAX && max !== 0
      ? { text: whole, min, max }
      : fail('count');
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(letter: string): boolean {
    if (this.#peek() !== letter) return false;
    this.#at += 1;
    return true;
  }

  /** The next character, whole. */
  #next(): string {
    const letter = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += letter.length;
    return letter;
  }
}
