import { LIMITS } from '../policy.ts';
import type { Cache } from './handle.ts';

/** Memory of answers to all repositories, from which each one sees its own. */
export interface Memory {
  /**
   * What is remembered under a profile's key. Two repositories never share an answer, even to the name
   * of one object: a caller may be allowed one of them and not the other.
   */
  of(key: string): Cache;
}

/** What an entry costs besides its value: its key, its place in the map. */
const ENTRY_BYTES = 128;

/** Makes a memory of at most `bytesMax` bytes; what was not used for longest goes first. */
export function createMemory(bytesMax: number = LIMITS.cacheBytesMax): Memory {
  /** In the order of their use. */
  const entries = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  let held = 0;

  function forget(key: string): void {
    held -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  function remember(key: string, value: unknown, size: number): void {
    const bytes = size + key.length + ENTRY_BYTES;
    forget(key);
    // One that would push out half of the others is not worth it.
    if (bytes > bytesMax / 2) return;
    entries.set(key, { value, bytes });
    held += bytes;
    for (const oldest of entries.keys()) {
      if (held <= bytesMax) break;
      forget(oldest);
    }
  }

  return {
    of(scope) {
      return {
        // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the interface says.
        get<Value>(name: string): Value | undefined {
          const key = `${scope}\0${name}`;
          const entry = entries.get(key);
          if (entry === undefined) return undefined;
          entries.delete(key);
          entries.set(key, entry);
          // oxlint-disable-next-line typescript/consistent-type-assertions, typescript/no-unsafe-type-assertion -- what is kept under a name has one type, which the name begins with.
          return entry.value as Value;
        },
        set: (name, value, bytes) => remember(`${scope}\0${name}`, value, bytes),
      };
    },
  };
}
