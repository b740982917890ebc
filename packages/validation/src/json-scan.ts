import type { JsonProblem } from './json.ts';

/** What a JSON text may hold. It is asked before anything is made of the text. */
export interface JsonLimits {
  /** Arrays and objects within one another. */
  readonly depthMax: number;
  /** Values of all kinds. A text of empty objects becomes a hundred times its size in memory. */
  readonly valuesMax: number;
  /** Members of one object. Keys that look like numbers make of many an object that is slow to read. */
  readonly membersMax: number;
}

/** What a scan found: how many keys are written, or why the text is not acceptable. */
export interface JsonScan {
  readonly keys: number;
  readonly problem: JsonProblem | undefined;
}

/** Longer than any number that a program writes: none keeps its value with more digits. */
const NUMBER_CHARACTERS_MAX = 64;

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What may stand in a number, after its first character. */
const REST_OF_NUMBER = /[\d.eE+-]*/y;
/** A number whose digits before the exponent are not all zeros. */
const NOT_ZERO = /^[^eE]*[1-9]/;

/** Counts what is written outside strings, without a parser: whatever is no JSON, the parser refuses. */
export function scanJson(text: string, limits: JsonLimits): JsonScan {
  const seen: Seen = { keys: 0, values: 1, members: [0] };
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = closingQuote(text, at + 1);
    } else if (isNumberStart(unit)) {
      const end = endOfNumber(text, at + 1);
      if (isUnsafe(text, at, end)) return { keys: seen.keys, problem: 'unsafe number' };
      at = end - 1;
    } else {
      const problem = take(unit, seen, limits);
      if (problem !== undefined) return { keys: seen.keys, problem };
    }
  }
  return { keys: seen.keys, problem: undefined };
}

interface Seen {
  keys: number;
  values: number;
  /** Of what is open, and of the text itself. */
  readonly members: number[];
}

function take(unit: number, seen: Seen, limits: JsonLimits): JsonProblem | undefined {
  const { members } = seen;
  const last = members.length - 1;
  if (unit === COLON) {
    seen.keys += 1;
    members[last] = (members[last] ?? 0) + 1;
    return (members[last] ?? 0) > limits.membersMax ? 'too many members' : undefined;
  }
  if (OPENING.has(unit)) {
    members.push(0);
    seen.values += 1;
    if (last >= limits.depthMax) return 'too deep';
  } else if (CLOSING.has(unit)) members.pop();
  else if (unit === COMMA) seen.values += 1;
  return seen.values > limits.valuesMax ? 'too many values' : undefined;
}

function isNumberStart(unit: number): boolean {
  return unit === MINUS || (unit >= ZERO && unit <= NINE);
}

function endOfNumber(text: string, from: number): number {
  REST_OF_NUMBER.lastIndex = from;
  REST_OF_NUMBER.test(text);
  return Math.max(from, REST_OF_NUMBER.lastIndex);
}

/** A number with more digits than can count, or one so small that nothing but zero is left of it. */
function isUnsafe(text: string, from: number, end: number): boolean {
  if (end - from > NUMBER_CHARACTERS_MAX) return true;
  const written = text.slice(from, end);
  return Number(written) === 0 && NOT_ZERO.test(written);
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); ; at = text.indexOf('"', at + 1)) {
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}
