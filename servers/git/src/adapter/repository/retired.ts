import { ownBytes } from './own-bytes.ts';

/** Private directories that are over. */
export interface Retired {
  /** Takes one in, and removes it later: a command of another call may still read it. */
  add(directory: string): void;
}

/**
 * Keeps directories for `keptMs` milliseconds, and no more than `bytesMax` bytes of them: whoever can
 * write into a repository makes a state of it with every call, and each can hold 64 MB of refs. The
 * oldest goes first, and the newest stays, however large it is.
 */
export function createRetired(
  drop: (directory: string) => void,
  { bytesMax, keptMs }: { readonly bytesMax: number; readonly keptMs: number },
): Retired {
  const waiting = new Map<string, { readonly bytes: number; readonly timer: NodeJS.Timeout }>();
  let held = 0;
  const end = (directory: string): void => {
    const { bytes = 0, timer } = waiting.get(directory) ?? {};
    clearTimeout(timer);
    waiting.delete(directory);
    held -= bytes;
    drop(directory);
  };
  return {
    add(directory) {
      const bytes = ownBytes(directory);
      waiting.set(directory, { bytes, timer: setTimeout(end, keptMs, directory).unref() });
      held += bytes;
      for (const oldest of waiting.keys()) {
        if (held <= bytesMax || oldest === directory) break;
        end(oldest);
      }
    },
  };
}
