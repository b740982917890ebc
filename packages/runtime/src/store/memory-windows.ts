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
  /** Those that are being opened, so that questions at the same time share one. */
  const opening = new Map<string, Promise<MemoryWindow>>();

  const open = async (label: string, rate: Rate): Promise<MemoryWindow> => {
    const window = await openMemoryWindow(rate, keysMax);
    windows.set(label, window);
    opening.delete(label);
    return window;
  };

  return {
    ask(key, rate, question) {
      const label = `${spaceOf(key)}:${String(rate.calls)}/${String(rate.seconds)}`;
      const window = windows.get(label);
      // Each request asks several, and all but the first find them open.
      if (window !== undefined) return question(window, boundedKey(key));
      const opened = opening.get(label) ?? open(label, rate);
      opening.set(label, opened);
      return opened.then((fresh) => question(fresh, boundedKey(key)));
    },
    async clear() {
      await Promise.all(opening.values());
      await Promise.all([...windows.values()].map((window) => window.clear()));
      windows.clear();
    },
  };
}
