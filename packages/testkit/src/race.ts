import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Swaps two entries of a directory as fast as the kernel allows, from a process of its own.
 *
 * `name` is now the one, now the other: a directory and a link to the outside, a file and a link. A
 * check of a path and its use are two looks at a name, and between them this changes what it means.
 */
export interface Swapper {
  /** Ends the swapping; returns how often the names changed places. */
  stop(): Promise<number>;
}

export interface SwapPlan {
  readonly directory: string;
  /** The name that changes its meaning. */
  readonly name: string;
  /** The name under which the other one waits. */
  readonly other: string;
}

/** Starts to swap. */
export async function startSwapping(plan: SwapPlan): Promise<Swapper> {
  const child = fork(new URL('./swap-worker.ts', import.meta.url), [JSON.stringify(plan)]);
  await once(child, 'message');
  return {
    async stop() {
      child.send('stop');
      const [count] = await once(child, 'message');
      child.kill();
      return Number(count);
    },
  };
}
