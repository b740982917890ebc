import { LIMITS } from '../../policy.ts';

/** What one job may look at to reach a place, or to see that no secret is in disguise. */
export interface Scan {
  /** Bytes that are left. */
  readonly left: number;
  /** Counts bytes that were read. Throws when the call is over, so it is asked for each piece. */
  take(bytes: number): void;
}

/** One budget for all files of a job: twenty sparse ones would cost as much as their sizes say. */
export function newScan(pause: () => void): Scan {
  let left: number = LIMITS.scanBytesMax;
  return {
    get left() {
      return left;
    },
    take(bytes) {
      pause();
      left -= bytes;
    },
  };
}
