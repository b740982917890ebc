import type { TokenOutcome } from '../credential.ts';
import { asGenuine } from '../denial.ts';

/** What an issuer has said about tokens, for a while. Keys are hashes: a memory dump holds no token. */
export interface Remembered {
  get(key: string): TokenOutcome | undefined;
  /** True for a token about which the last answer was "yes", however long ago. */
  wasGood(key: string): boolean;
  /**
   * Keeps an answer, unless everything was forgotten since the question, and gives it back: a "no"
   * after a "yes" as that to a genuine token.
   */
  set(key: string, outcome: TokenOutcome, asOf: number): TokenOutcome;
  /** Which memory this is: it changes whenever everything is forgotten. */
  generation(): number;
  clear(): void;
}

/** How long a "yes" is believed: the longest life of a token that its issuer has revoked. */
const YES_MS = 30_000;

/** A "no" is remembered against clients that repeat themselves; a token may still become good. */
const NO_MS = 5000;

/** Entries of each kind. Beyond, the oldest is forgotten, which costs one question. */
const ENTRIES_MAX = 10_000;

interface Entry {
  readonly outcome: TokenOutcome;
  readonly until: number;
}

export function createRemembered(now: () => number): Remembered {
  // Two, so that a flood of invented tokens cannot push the good ones out.
  const yes = new Map<string, Entry>();
  const no = new Map<string, Entry>();
  let generation = 0;

  return {
    generation: () => generation,
    get(key) {
      const entry = yes.get(key) ?? no.get(key);
      return entry !== undefined && now() < entry.until ? entry.outcome : undefined;
    },
    wasGood: (key) => yes.has(key),
    set(key, outcome, asOf) {
      if (asOf !== generation) return outcome;
      const isGenuine = yes.has(key) || isCalledGenuine(no.get(key)?.outcome);
      no.delete(key);
      if (isUnanswered(outcome)) return outcome;
      yes.delete(key);
      if (outcome.ok) {
        put(yes, key, { outcome, until: Math.min(now() + YES_MS, outcome.verified.expiresAt) });
        return outcome;
      }
      // An issuer says "not active" of a token that has ended, and of an invented one. This one it did issue.
      const refusal = isGenuine ? asGenuine(outcome) : outcome;
      put(no, key, { outcome: refusal, until: now() + NO_MS });
      return refusal;
    },
    clear() {
      generation += 1;
      yes.clear();
      no.clear();
    },
  };
}

/** Then the last answer stays what was last said of the token; as an answer it is over anyway. */
function isUnanswered(outcome: TokenOutcome): boolean {
  return !outcome.ok && outcome.problem.kind !== 'invalid';
}

function isCalledGenuine(outcome: TokenOutcome | undefined): boolean {
  return outcome?.ok === false && 'genuine' in outcome.problem;
}

function put(entries: Map<string, Entry>, key: string, entry: Entry): void {
  entries.set(key, entry);
  const oldest = entries.keys().next();
  if (entries.size > ENTRIES_MAX && !oldest.done) entries.delete(oldest.value);
}
