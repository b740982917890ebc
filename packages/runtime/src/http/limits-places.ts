import { refuseHttp } from './refusals.ts';

/** What a caller is told to wait when all places are taken, in milliseconds. Nobody knows when one is left. */
const RETRY_AFTER_MS = 1000;

/** Places for requests under way, overall. */
export interface Places {
  /** Takes one, or refuses. Gives back how to leave it; a second time does nothing. */
  enter(): () => void;
}

/** Makes `placesMax` places. Nobody waits for one here: a queue of requests would be memory without end. */
export function createPlaces(placesMax: number): Places {
  let taken = 0;
  return {
    enter() {
      if (taken >= placesMax) refuseHttp('http.busy', { retryAfterMs: RETRY_AFTER_MS });
      taken += 1;
      let left = false;
      return () => {
        if (!left) taken -= 1;
        left = true;
      };
    },
  };
}
