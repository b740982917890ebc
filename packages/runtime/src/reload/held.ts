import type { WatchOptions } from './watched.ts';

/** The last valid value, whether it is what the files say, and who is told. */
export interface Held<Value> {
  readonly current: Value;
  readonly healthy: boolean;
  onChange(listener: (current: Value, former: Value) => void): () => void;
  /** The files hold another valid value. */
  swap(value: Value, digest: string): void;
  /** The files hold what `current` was made from. */
  settle(): void;
  /** The files hold what cannot be used. Told once for each such state. */
  fail(digest: string, reason: string): void;
  /** What `current` was made from. */
  readonly digest: string;
  close(): void;
}

type Told<Value> = Pick<WatchOptions<Value>, 'what' | 'onReloaded' | 'onFailed'>;

/**
 * Holds a value while its files change. One listener that fails keeps the news from nobody else, but
 * the value then counts as not taken up: a server that is ready has to be what its files say.
 */
export function holdValue<Value>(
  first: { readonly value: Value; readonly digest: string },
  { what, onReloaded, onFailed }: Told<Value>,
): Held<Value> {
  let { value: current, digest } = first;
  let former = current;
  let isTakenUp = true;
  let failure: string | undefined;
  const listeners = new Set<(current: Value, former: Value) => void>();

  const fail = (failed: string, reason: string): void => {
    if (failure === failed) return;
    failure = failed;
    attempt(() => onFailed(what, reason));
  };
  const announce = (): void => {
    const took = [...listeners].map((listener) => attempt(() => listener(current, former)));
    isTakenUp = took.every(Boolean);
  };
  const report = (): void => {
    failure = undefined;
    // A change that cannot be recorded counts, and so does that it could not be.
    const isRecorded = attempt(() => onReloaded(what));
    if (!isTakenUp || !isRecorded) fail(digest, 'the change was not taken up everywhere');
  };
  return {
    get current() {
      return current;
    },
    get digest() {
      return digest;
    },
    get healthy() {
      return failure === undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    swap(value, of) {
      former = current;
      current = value;
      digest = of;
      announce();
      report();
    },
    settle() {
      if (failure === undefined) return;
      if (!isTakenUp) announce();
      report();
    },
    fail,
    close: () => listeners.clear(),
  };
}

function attempt(tell: () => void): boolean {
  try {
    tell();
    return true;
  } catch {
    return false;
  }
}
