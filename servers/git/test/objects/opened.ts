import type { TempDirectory } from '@secure-mcp/testkit';

import { createMemory } from '../../src/adapter/cache.ts';
import type { Handle, Profile, Run } from '../../src/adapter/handle.ts';
import { type Batches, createBatches } from '../../src/adapter/objects/batch.ts';
import { createObjects } from '../../src/adapter/objects/objects.ts';
import { createGitRunner, gitOf, type GitRunner } from '../../src/adapter/process/git-process.ts';
import { type Oid, parseOid } from '../../src/guard/index.ts';
import { callFor, handmadeProfile, type ProfileOptions } from '../process/profile.ts';

/** Processes and objects on a private directory made by hand. */
export interface Opened {
  readonly profile: Profile;
  readonly batches: Batches;
  readonly runner: GitRunner;
  handle(run?: Run): Handle;
  close(): Promise<boolean>;
}

export function openByHand(temp: TempDirectory, options: ProfileOptions): Opened {
  const profile = handmadeProfile(temp, options);
  const batches = createBatches();
  const runner = createGitRunner();
  const memory = createMemory();
  return {
    profile,
    batches,
    runner,
    handle(run = callFor()) {
      const cache = memory.of(profile.key);
      const batch = batches.open(profile, run);
      return {
        profile,
        cache,
        objects: createObjects({ profile, batch, cache }),
        refFiles: { state: () => undefined, log: () => undefined, isShadowed: () => true },
        git: gitOf(runner, profile, run),
        index: () => Promise.reject(new Error('No index was made by hand.')),
        release: () => undefined,
      };
    },
    async close() {
      const ended = await Promise.all([batches.close(), runner.close()]);
      return ended.every(Boolean);
    },
  };
}

export function oidOf(text: string): Oid {
  const oid = parseOid(text.trim());
  if (oid === undefined) throw new Error(`no id: ${text}`);
  return oid;
}
