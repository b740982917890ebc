import type { Rate } from '../call/limits.ts';
import { boundedKey, spaceOf } from './key.ts';
import { type MemoryWindow, openMemoryWindow } from './memory-window.ts';
import type { LimitVerdict } from './store.ts';

/** The windows of one process. */
export interface MemoryWindows {
  /** Asks the window of a key's space and a rate, under the name that stands for the key there. */
  ask(
    key: string,
    rate: Rate,
    question: (window: MemoryWindow, name: string) => Promise<LimitVerdict>,
  ): Promise<LimitVerdict>;
  /** Forgets all of them. */
  clear(): Promise<void>;
}

/** Makes windows, each with its first question. */
export function createMemoryWindows(keysMax: number): MemoryWindows {
  /** By space and rate: as many as options and policy name. */
  const windows = new Map<string, MemoryWindow>();
  /** The same while they are opened, so that questions at the same time share one. */
  const opening = new Map<string, Promise<MemoryWindow>>();

  const open = (label: string, rate: Rate): Promise<MemoryWindow> => {
    const opened = openMemoryWindow(rate, keysMax);
    opening.set(label, opened);
    // Known once all who waited have their answers: who asks then must not come before them.
    opened.then(
      (window) => setImmediate(() => windows.set(label, window)),
      () => undefined,
    );
    return opened;
  };

  return {
    ask(key, rate, question) {
      const label = `${spaceOf(key)}:${String(rate.calls)}/${String(rate.seconds)}`;
      const window = windows.get(label);
      // Each request asks several, and all but the first find them open.
      if (window !== undefined) return question(window, boundedKey(key));
      const opened = opening.get(label) ?? open(label, rate);
      return opened.then((fresh) => question(fresh, boundedKey(key)));
    },
    async clear() {
      await Promise.all([...opening.values()].map(async (window) => (await window).clear()));
      windows.clear();
      opening.clear();
    },
  };
}
