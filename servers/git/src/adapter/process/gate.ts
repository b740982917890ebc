import { refuse } from '../../guard/refusals.ts';

/** Some of those that want in, who may together have no more than so many places. */
export interface Group {
  readonly name: string;
  readonly placesMax: number;
}

/** Lets so many in at once. */
export interface Gate {
  /**
   * Waits for a place, and hands out what gives it back. Who is of a group that has all its places
   * waits, and others pass. Refuses `git.busy` when too many wait already. Resolves to undefined when
   * `signal` aborts first.
   */
  enter(signal: AbortSignal, groups?: readonly Group[]): Promise<(() => void) | undefined>;
}

/**
 * Makes a gate with `placesMax` places, and a queue of `waitingMax` before it: each process of git
 * costs memory and a processor, and a client can ask faster than git can answer.
 */
export function createGate(placesMax: number, waitingMax: number): Gate {
  /** In the order in which they came. */
  const waiting = new Set<{ readonly groups: readonly Group[]; wake(): void }>();
  const taken = new Map<string, number>();
  let free = placesMax;

  function fits(groups: readonly Group[]): boolean {
    return free > 0 && groups.every((group) => (taken.get(group.name) ?? 0) < group.placesMax);
  }

  function count(groups: readonly Group[], by: 1 | -1): void {
    free -= by;
    for (const { name } of groups) {
      const left = (taken.get(name) ?? 0) + by;
      if (left === 0) taken.delete(name);
      else taken.set(name, left);
    }
  }

  function leave(groups: readonly Group[]): void {
    count(groups, -1);
    // One place can be what two wait for, each for another group.
    for (const next of waiting) if (fits(next.groups)) next.wake();
  }

  /** A place is given back once, however often its holder says so. */
  function take(groups: readonly Group[]): () => void {
    count(groups, 1);
    let held = true;
    return () => {
      if (held) leave(groups);
      held = false;
    };
  }

  return {
    enter(signal, groups = []) {
      if (signal.aborted) return Promise.resolve(undefined);
      if (fits(groups)) return Promise.resolve(take(groups));
      if (waiting.size >= waitingMax) refuse('git.busy');
      return new Promise((resolve) => {
        const settle = (place: (() => void) | undefined): void => {
          waiting.delete(next);
          signal.removeEventListener('abort', giveUp);
          resolve(place);
        };
        const next = { groups, wake: () => settle(take(groups)) };
        const giveUp = (): void => settle(undefined);
        waiting.add(next);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
