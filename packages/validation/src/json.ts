import { type JsonLimits, scanJson } from './json-scan.ts';

/** What {@link parseStrictJson} found: the value, or why the text is not acceptable. */
export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem };

export type JsonProblem =
  | 'syntax'
  | 'too many values'
  | 'too many members'
  | 'duplicate key'
  | 'forbidden key'
  | 'too deep'
  | 'lone surrogate'
  | 'unsafe number';

/** Deep enough for any tool input; shallow enough that no recursive reader downstream can overflow. */
export const JSON_DEPTH_MAX = 64;

/** What a message may hold: more than any tool takes, and little enough that many at once do no harm. */
const MESSAGE_LIMITS: JsonLimits = {
  depthMax: JSON_DEPTH_MAX,
  valuesMax: 10_000,
  membersMax: 1000,
};

/** What a file of the operator's may hold. It is read one at a time, and nobody else chose it. */
export const JSON_FILE_LIMITS: JsonLimits = {
  depthMax: JSON_DEPTH_MAX,
  valuesMax: 400_000,
  membersMax: 100_000,
};

/**
 * Parses JSON that has one meaning only (RFC 7493, I-JSON).
 *
 * `JSON.parse` keeps the last of two equal keys while another parser keeps the first, so a gateway
 * and the server behind it can read two different requests out of one text. Duplicate keys,
 * `__proto__`, lone surrogates, numbers that lose value and deep nesting are refused here; so is more
 * than the limits, before anything is made of it.
 */
export function parseStrictJson(text: string, limits: JsonLimits = MESSAGE_LIMITS): StrictJson {
  let value: unknown;
  const { keys, problem } = scanJson(text, limits);
  if (problem !== undefined) return { ok: false, problem };
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'syntax' };
  }
  const survey = surveyValue(value);
  if (survey.problem !== undefined) return { ok: false, problem: survey.problem };
  // A parsed object holds each key once; the text holds a colon for each key that was written.
  if (survey.keys !== keys) return { ok: false, problem: 'duplicate key' };
  return { ok: true, value };
}

interface Survey {
  readonly keys: number;
  readonly problem: JsonProblem | undefined;
}

function surveyValue(root: unknown): Survey {
  let keys = 0;
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    const problem = problemOf(value);
    if (problem !== undefined) return { keys, problem };
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) pending.push(item);
      continue;
    }
    for (const [key, member] of Object.entries(value)) {
      keys += 1;
      if (key === '__proto__') return { keys, problem: 'forbidden key' };
      if (!key.isWellFormed()) return { keys, problem: 'lone surrogate' };
      pending.push(member);
    }
  }
  return { keys, problem: undefined };
}

function problemOf(value: unknown): JsonProblem | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'lone surrogate';
  if (typeof value !== 'number') return undefined;
  const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return exact ? undefined : 'unsafe number';
}
