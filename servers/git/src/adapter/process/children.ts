import type { ChildProcess } from 'node:child_process';

import { loadSimpleGit } from './load.ts';
import { type Start, startGit } from './start.ts';
import { type Outcome, supervise, type Watched } from './supervise.ts';

/** The processes of single commands. */
export interface Children {
  /** Starts one and watches it. `gone` is called once, when there is no process any more. */
  execute(start: Start, watched: Watched, gone: () => void): Promise<Outcome>;
  /** Kills all of them. False when one does not let go. */
  close(): Promise<boolean>;
}

export function createChildren(): Children {
  const running = new Map<ChildProcess, Promise<Outcome>>();
  let loading: ReturnType<typeof loadSimpleGit> | undefined;
  let closed = false;

  return {
    async execute(start, watched, gone) {
      let outcome: Promise<Outcome> | undefined;
      const take = (child: ChildProcess): void => {
        outcome = supervise(child, watched);
        running.set(child, outcome);
        const end = (): void => {
          running.delete(child);
          gone();
        };
        child.once('close', end);
        child.once('error', end);
        if (closed) child.kill('SIGKILL');
      };
      try {
        loading ??= loadSimpleGit();
        await startGit(start, take, await loading);
      } catch (error) {
        if (outcome === undefined) gone();
        throw error;
      }
      if (outcome === undefined) throw new Error('There is no process to watch.');
      return await outcome;
    },

    async close() {
      closed = true;
      for (const child of running.keys()) child.kill('SIGKILL');
      const outcomes = await Promise.all(running.values());
      return outcomes.every(
        ({ code, signal, failure }) => code !== null || signal !== null || failure,
      );
    },
  };
}
