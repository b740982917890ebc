import { dirname } from 'node:path';

import { handleOf } from '../../src/adapter/bind.ts';
import { createMemory } from '../../src/adapter/cache.ts';
import { findGit } from '../../src/adapter/git-binary.ts';
import type { GitCommand, Handle, Profile, Run, Sink } from '../../src/adapter/index.ts';
import { createBatches } from '../../src/adapter/objects/batch.ts';
import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import { createKeeper } from '../../src/adapter/repository/keeper.ts';
import { locate } from '../../src/adapter/repository/layout.ts';
import { createPrivateRoot } from '../../src/adapter/repository/private-root.ts';

/** The handle of one call, and what was done with it. */
export interface TestHandle extends Handle {
  /** Every command that was run, as its words. */
  readonly ran: string[][];
  cancel(): void;
}

/** Everything beneath the operations, as the server itself joins it. */
export interface Ground {
  open(): Promise<TestHandle>;
  close(): Promise<boolean>;
}

/** Far more than anything here takes on a busy machine. */
const TIME_MS = 120_000;

/** @param repository the directory that holds `.git`. */
export function groundOf(repository: string): Ground {
  const runner = createGitRunner();
  const batches = createBatches();
  const memory = createMemory();
  const privateRoot = createPrivateRoot({ parent: dirname(repository), prefix: 'private-' });
  const gitFor = (run: Run) => (profile: Profile, command: GitCommand, sink: Sink) =>
    runner.run(profile, command, run, sink);
  const keeper = createKeeper({
    privateRoot,
    binary: findGit(undefined) ?? '',
    gitFor,
    onMade: () => undefined,
    onOver: ({ key }) => batches.end(key),
  });
  return {
    async open() {
      const located = locate({ name: 'root', path: repository }, []);
      if (located.kind !== 'found') throw new Error(`the repository is ${located.kind}`);
      const cancelled = new AbortController();
      const run = { signal: cancelled.signal, deadline: performance.now() + TIME_MS };
      const opened = await keeper.open(located.layout, run);
      const { profile } = opened;
      const ran: string[][] = [];
      const handle = handleOf({
        opened,
        batch: batches.open(profile, run),
        cache: memory.of(profile.key),
        git: gitFor(run),
        run,
      });
      return {
        ...handle,
        ran,
        cancel: () => cancelled.abort(),
        git(command, sink) {
          ran.push([...command.args]);
          return handle.git(command, sink);
        },
      };
    },
    async close() {
      const ended = await Promise.all([batches.close(), runner.close()]);
      return privateRoot.close() && ended.every(Boolean);
    },
  };
}
