import type { PlainAnswer } from './exchange.ts';

/** What says of itself whether it is well. */
export interface Check {
  readonly healthy: boolean;
}

export interface Health {
  /** `/healthz` and `/readyz`, for the front. */
  readonly documents: ReadonlyMap<string, () => PlainAnswer>;
  /** False while the server stops, or what it needs is not well. */
  readonly ready: boolean;
  /** The server stops: no new work is to be sent to it. */
  drain(): void;
}

const OK: PlainAnswer = plain(200, 'ok\n');
const NOT_READY: PlainAnswer = plain(503, 'not ready\n');

/**
 * Says whether the process lives, and whether work should be sent to it. Anybody may ask, so the
 * answers are constant: what is wrong stands in the log and in the audit trail.
 */
export function createHealth(checks: readonly Check[]): Health {
  let isDraining = false;
  const isReady = (): boolean => !isDraining && checks.every(({ healthy }) => healthy);
  return {
    documents: new Map([
      // A restart mends neither a bad file nor a store that is away, so they do not count here.
      ['/healthz', () => OK],
      ['/readyz', () => (isReady() ? OK : NOT_READY)],
    ]),
    get ready() {
      return isReady();
    },
    drain() {
      isDraining = true;
    },
  };
}

function plain(status: number, body: string): PlainAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
