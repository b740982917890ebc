import type { Verified } from '@secure-mcp/auth';

import type { LiveRequests } from './front-parts.ts';
import { HttpRefusal } from './refusals.ts';

/**
 * How long a timer sleeps at most, in milliseconds. A timer above 2^31 ms would fire at once, and one
 * that counts on through a suspended machine or a corrected clock would let a request outlive its
 * credential.
 */
const SLEEP_MS_MAX = 30_000;

/** Why a request that is under way ends. Never shown: the front words what a caller is told. */
export class CredentialEnded extends Error {
  override readonly name = 'CredentialEnded';
}

/** What stops the server can end all requests with. */
export interface LiveRequestsOfServer extends LiveRequests {
  /** Ends every request because the server stops. Gives back how many. */
  endAll(): number;
}

interface Live {
  readonly verified: Verified;
  end(reason: Error): void;
}

/** Keeps the requests under way. An answer ends with the credential that it was given for. */
export function createLiveRequests(now: () => number = Date.now): LiveRequestsOfServer {
  const all = new Set<Live>();

  const endOne = (live: Live, reason: Error): void => {
    // Off first: whatever ending it does, it happens once.
    if (!all.delete(live)) return;
    try {
      live.end(reason);
    } catch {
      // One that cannot be ended must not let the others, which are revoked as well, go on.
    }
  };
  const endWhere = (isMeant: (verified: Verified) => boolean, reason: Error): number => {
    const meant = [...all].filter(({ verified }) => isMeant(verified));
    for (const live of meant) endOne(live, reason);
    return meant.length;
  };
  return {
    open(verified, end) {
      const live: Live = { verified, end };
      all.add(live);
      const stop = onExpiry(verified.expiresAt, now, () => endOne(live, new CredentialEnded()));
      return () => {
        stop();
        all.delete(live);
      };
    },
    endWhere: (isRevoked) => endWhere(isRevoked, new CredentialEnded()),
    endAll: () => endWhere(() => true, new HttpRefusal('http.stopping')),
    get size() {
      return all.size;
    },
  };
}

/** Calls once when the time has come, and never keeps the process alive for it. */
function onExpiry(expiresAt: number, now: () => number, expire: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const sleep = (): void => {
    const left = expiresAt - now();
    timer = setTimeout(left > 0 ? wake : expire, Math.min(Math.max(left, 0), SLEEP_MS_MAX));
    timer.unref();
  };
  const wake = (): void => {
    if (expiresAt > now()) sleep();
    else expire();
  };
  // An end that is no number is none that anybody has set: such a credential has ended.
  if (Number.isNaN(expiresAt)) setImmediate(expire);
  else if (expiresAt !== Infinity) sleep();
  return () => clearTimeout(timer);
}
