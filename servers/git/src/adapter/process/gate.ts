import { refuse } from '../../guard/refusals.ts';

/** Lets so many in at once. */
export interface Gate {
  /**
   * Waits for a place, and hands out what gives it back. Refuses `git.busy` when too many wait already.
   * Resolves to undefined when `signal` aborts first.
   */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

/**
 * Makes a gate with `placesMax` places, and a queue of `waitingMax` before it: each process of git
 * costs memory and a processor, and a client can ask faster than git can answer.
 */
export function createGate(placesMax: number, waitingMax: number): Gate {
  const waiting = new Set<() => void>();
  let free = placesMax;

  function leave(): void {
    free += 1;
    const [next] = waiting;
    next?.();
  }

  /** A place is given back once, however often its holder says so. */
  function take(): () => void {
    free -= 1;
    let held = true;
    return () => {
      if (held) leave();
      held = false;
    };
  }

  return {
    enter(signal) {
      if (signal.aborted) return Promise.resolve(undefined);
      if (free > 0) return Promise.resolve(take());
      if (waiting.size >= waitingMax) refuse('git.busy');
      return new Promise((resolve) => {
        const settle = (place: (() => void) | undefined): void => {
          waiting.delete(wake);
          signal.removeEventListener('abort', giveUp);
          resolve(place);
        };
        const wake = (): void => settle(take());
        const giveUp = (): void => settle(undefined);
        waiting.add(wake);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
