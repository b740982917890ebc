/** What {@link parseStrictJson} found: the value, or why the text is not acceptable. */
export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem };

export type JsonProblem =
  | 'syntax'
  | 'too many values'
  | 'duplicate key'
  | 'forbidden key'
  | 'too deep'
  | 'lone surrogate'
  | 'unsafe number';

/** Deep enough for any tool input; shallow enough that no recursive reader downstream can overflow. */
export const JSON_DEPTH_MAX = 64;

/** More values than any tool takes. A text of empty objects becomes a hundred times its size in memory. */
const JSON_VALUES_MAX = 100_000;

/**
 * Parses JSON that has one meaning only (RFC 7493, I-JSON).
 *
 * `JSON.parse` keeps the last of two equal keys while another parser keeps the first, so a gateway
 * and the server behind it can read two different requests out of one text. Duplicate keys,
 * `__proto__`, lone surrogates, numbers that lose value and deep nesting are refused here.
 */
export function parseStrictJson(text: string, depthMax = JSON_DEPTH_MAX): StrictJson {
  let value: unknown;
  if (holdsMoreValues(text, JSON_VALUES_MAX)) return { ok: false, problem: 'too many values' };
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'syntax' };
  }
  const survey = surveyValue(value, depthMax);
  if (survey.problem !== undefined) return { ok: false, problem: survey.problem };
  // A parsed object holds each key once; the text holds a colon for each key that was written.
  if (survey.keys !== countStructuralColons(text)) return { ok: false, problem: 'duplicate key' };
  return { ok: true, value };
}

interface Survey {
  readonly keys: number;
  readonly problem: JsonProblem | undefined;
}

function surveyValue(root: unknown, depthMax: number): Survey {
  let keys = 0;
  const pending: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    const problem = problemOf(value, depth, depthMax);
    if (problem !== undefined) return { keys, problem };
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) pending.push({ value: item, depth: depth + 1 });
      continue;
    }
    for (const [key, member] of Object.entries(value)) {
      keys += 1;
      if (key === '__proto__') return { keys, problem: 'forbidden key' };
      if (!key.isWellFormed()) return { keys, problem: 'lone surrogate' };
      pending.push({ value: member, depth: depth + 1 });
    }
  }
  return { keys, problem: undefined };
}

function problemOf(value: unknown, depth: number, depthMax: number): JsonProblem | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'lone surrogate';
  if (typeof value === 'number') {
    const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
    return exact ? undefined : 'unsafe number';
  }
  return typeof value === 'object' && value !== null && depth >= depthMax ? 'too deep' : undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** Counts what opens or separates values outside strings, before anything is made of the text. */
function holdsMoreValues(text: string, max: number): boolean {
  if (text.length <= max) return false;
  let values = 0;
  for (let at = 0; at < text.length && values <= max; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === COMMA || unit === BRACKET || unit === BRACE) values += 1;
    else if (unit === QUOTE) at = closingQuote(text, at + 1);
  }
  return values > max;
}

/** Counts colons outside strings. */
function countStructuralColons(text: string): number {
  let colons = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === COLON) colons += 1;
    else if (unit === QUOTE) at = closingQuote(text, at + 1);
  }
  return colons;
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); ; at = text.indexOf('"', at + 1)) {
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}
