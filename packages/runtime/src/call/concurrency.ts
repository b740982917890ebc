import { refuse } from '../refusals.ts';

/** Calls that may wait behind the running ones, in each line. More are refused at once. */
const WAITING_MAX = 32;

/** Bounds how many calls run at the same time. */
export interface Concurrency {
  /** Waits for a place in a line; gives back the function that frees it. Refuses when too many wait already. */
  enter(name: string, running: number, signal: AbortSignal): Promise<() => void>;
}

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** One line for each caller: a caller that floods waits behind itself, not in front of the others. */
export function createConcurrency(waitingMax = WAITING_MAX): Concurrency {
  const lines = new Map<string, Line>();

  const leave = (name: string, line: Line): void => {
    const next = line.waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    line.running -= 1;
    if (line.running === 0) lines.delete(name);
  };

  return {
    async enter(name, running, signal) {
      // A signal that has ended tells nobody: the call would wait for its turn, and do its work for no one.
      signal.throwIfAborted();
      const line = lines.get(name) ?? { running: 0, waiting: [] };
      lines.set(name, line);
      if (line.running < running) line.running += 1;
      else await place(line, waitingMax, signal);
      let left = false;
      return () => {
        if (!left) leave(name, line);
        left = true;
      };
    },
  };
}

/** A place in the line. A cancelled call gives it up. */
async function place({ waiting }: Line, waitingMax: number, signal: AbortSignal): Promise<void> {
  if (waiting.length >= waitingMax) refuse('limit.busy', { retryAfterMs: 1000 });
  await new Promise<void>((resolve, reject) => {
    const giveUp = (): void => {
      waiting.splice(waiting.indexOf(proceed), 1);
      reject(signal.reason);
    };
    const proceed = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    waiting.push(proceed);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
