import { OutFailure, OutProblem } from '../http-out.ts';

/**
 * Keeps a server that does not answer from being asked for each request that waits for it.
 *
 * Only an OutFailure counts against it. An answer that merely is none can be brought about by what was
 * asked, and what was asked is a stranger's: it must not make the server look down.
 */
export interface Breaker {
  /** Does the work, or rejects with an OutProblem at once while the server is taken to be down. */
  run<Value>(work: () => Promise<Value>): Promise<Value>;
}

/** Failures in a row after which the server is taken to be down. */
const FAILURES_MAX = 5;

/** How long nobody asks it then. After that, one request finds out. */
const OPEN_MS = 10_000;

export function createBreaker(now: () => number): Breaker {
  let failures = 0;
  let openUntil = 0;
  let trying = false;

  function admit(): void {
    if (failures < FAILURES_MAX) return;
    if (trying || now() < openUntil) throw new OutProblem('the issuer has not answered lately');
    trying = true;
  }

  return {
    async run(work) {
      admit();
      try {
        const value = await work();
        failures = 0;
        return value;
      } catch (error) {
        if (error instanceof OutFailure) {
          failures += 1;
          openUntil = now() + OPEN_MS;
        } else failures = 0;
        throw error;
      } finally {
        trying = false;
      }
    },
  };
}
