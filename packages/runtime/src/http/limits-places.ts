import { addTo } from './counts.ts';
import { refuseHttp } from './refusals.ts';

/** What a caller is told to wait when all places are taken, in milliseconds. Nobody knows when one is left. */
const RETRY_AFTER_MS = 1000;

/** The part of all places that one caller may take: one divided by this. */
const CALLERS_MIN = 4;

/** Places for requests under way, overall. */
export interface RequestPlaces {
  /** Takes one for a caller, or refuses. Gives back how to leave it; a second time does nothing. */
  enter(principalId: string): () => void;
}

/**
 * Makes `placesMax` places, of which one caller has a quarter at most. Nobody waits for one here: a
 * queue of requests would be memory without end.
 */
export function createRequestPlaces(placesMax: number): RequestPlaces {
  const eachMax = Math.ceil(placesMax / CALLERS_MIN);
  let taken = 0;
  const ofCaller = new Map<string, number>();
  return {
    enter(principalId) {
      const own = ofCaller.get(principalId) ?? 0;
      if (taken >= placesMax || own >= eachMax)
        refuseHttp('http.busy', { retryAfterMs: RETRY_AFTER_MS });
      taken += 1;
      addTo(ofCaller, principalId, 1);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        taken -= 1;
        addTo(ofCaller, principalId, -1);
      };
    },
  };
}
