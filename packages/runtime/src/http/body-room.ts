import { addTo } from './counts.ts';

/** Memory that one caller takes for contents that arrive. */
export interface BodyShare {
  /** Takes so many bytes more; false when they are not there. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Memory for all contents that arrive, and for what is made of them, until their answers are taken. */
export interface BodyRoom {
  shareOf(principalId: string): BodyShare;
}

/**
 * Contents of the largest size that there is room for while they arrive; half as many once they are
 * under way. Most are a thousand times smaller.
 */
const LARGEST_AT_ONCE = 32;
/** The same for one caller, so that it cannot take the room from the others. */
const LARGEST_EACH = 8;

/**
 * Makes room for contents that arrive at the same time. A thousand connections with a content each,
 * all but its last byte, would take a gigabyte, and whoever has a credential can open them.
 */
export function createBodyRoom(bodyBytesMax: number): BodyRoom {
  let taken = 0;
  const shares = new Map<string, number>();
  return {
    shareOf: (principalId) => ({
      take(bytes) {
        const share = (shares.get(principalId) ?? 0) + bytes;
        if (share > LARGEST_EACH * bodyBytesMax) return false;
        if (taken + bytes > LARGEST_AT_ONCE * bodyBytesMax) return false;
        taken += bytes;
        addTo(shares, principalId, bytes);
        return true;
      },
      give(bytes) {
        taken -= bytes;
        addTo(shares, principalId, -bytes);
      },
    }),
  };
}
