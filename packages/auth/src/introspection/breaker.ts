import { OutProblem } from '../http-out.ts';

/** Keeps a server that does not answer from being asked for each request that waits for it. */
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
        failures += 1;
        openUntil = now() + OPEN_MS;
        throw error;
      } finally {
        trying = false;
      }
    },
  };
}
