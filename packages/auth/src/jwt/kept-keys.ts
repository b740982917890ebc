import { OutProblem } from '../http-out.ts';
import { unavailable } from '../token-problem.ts';
import type { KeySet } from './key-set.ts';

export interface IssuerKeysOptions {
  /** Fetches the current set. Rejects when there is none to be had. */
  readonly fetchKeys: () => Promise<KeySet>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a set is used before it is fetched anew: the longest life of a key that was withdrawn. */
  readonly maxAgeMs?: number;
  /** How long an older set still serves while it cannot be fetched. After that nobody is let in. */
  readonly staleMs?: number;
}

/** The last known set of keys, fetched when it is old, by one request at a time. */
export interface KeptKeys {
  /** The set to use now. Rejects with a TokenProblem where there is none, or only one that is too old. */
  current(): Promise<KeySet>;
  /** Fetches the set, or waits for who does. Rejects when that fails: then the former set stays. */
  refresh(): Promise<void>;
  /** Fetches the set now, whoever already does. */
  reload(): Promise<void>;
  /** True while the last fetch has failed. */
  isFailing(): boolean;
}

const MAX_AGE_MS = 600_000;
const STALE_MS = 3_600_000;

/** After a failure, how long nobody asks the issuer again. */
const PAUSE_MS = 5000;

export function keepKeys(options: IssuerKeysOptions): KeptKeys {
  const { fetchKeys, now, maxAgeMs = MAX_AGE_MS, staleMs = STALE_MS } = options;
  let kept: { readonly keys: KeySet; readonly at: number } | undefined;
  let failure: { readonly at: number; readonly why: string } | undefined;
  let underWay: Promise<void> | undefined;

  const age = () => (kept === undefined ? Number.POSITIVE_INFINITY : now() - kept.at);

  async function fetchNow(): Promise<void> {
    const at = now();
    try {
      kept = { keys: await fetchKeys(), at };
      failure = undefined;
    } catch (error) {
      failure = { at: now(), why: reasonOf(error) };
      throw error;
    }
  }

  function refresh(): Promise<void> {
    underWay ??= fetchNow().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  async function refreshIfOld(): Promise<void> {
    if (age() < maxAgeMs) return;
    if (failure !== undefined && now() - failure.at < PAUSE_MS) return;
    // Only the first token waits for an issuer that does not answer, while an older set can serve.
    const mayWait = failure === undefined || age() >= maxAgeMs + staleMs;
    const attempt = refresh().catch(() => undefined);
    if (mayWait) await attempt;
  }

  return {
    async current() {
      await refreshIfOld();
      if (kept !== undefined && age() < maxAgeMs + staleMs) return kept.keys;
      return unavailable(`the keys cannot be fetched: ${failure?.why ?? 'never asked'}`);
    },
    refresh,
    async reload() {
      // A fetch that began before may bring what was true before.
      await underWay?.catch(() => undefined);
      await refresh();
    },
    isFailing: () => failure !== undefined,
  };
}

/** An OutProblem is in our own words. Any other error may quote what it was given. */
function reasonOf(error: unknown): string {
  return error instanceof OutProblem ? error.message : 'an unexpected error';
}
