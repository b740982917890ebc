import { readFileSync, statSync } from 'node:fs';

import type { Audit, Logger } from '@secure-mcp/logging';

import type { CommonOptions } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { accessProblem } from '../reload/file-access.ts';
import { placeProblem } from '../reload/file-place.ts';
import { whyUnread } from '../reload/why-unread.ts';
import { parseStoreAddress, type StoreAddress } from '../store/address.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';

export interface StoreParts {
  readonly common: CommonOptions;
  /** The server's name: what shares a Redis need not share its limits. */
  readonly name: string;
  readonly audit: Audit;
  readonly logger: Logger;
}

/** Opens what limits are counted in. Rejects with a ConfigurationProblem; a Redis that is away is none. */
export async function openStore({ common, name, audit, logger }: StoreParts): Promise<Store> {
  const address = readStoreAddress(common);
  if (address === undefined) return memoryStore();
  // Loaded for those who share only: it is a third of what the front is.
  const { redisStore } = await import('../store/redis.ts');
  return redisStore({
    address,
    namespace: `${name}:${common.resource ?? ''}`,
    audit,
    logger,
  });
}

/** Where the store is, with its password; undefined where there is none. Throws a ConfigurationProblem. */
export function readStoreAddress({
  store,
  storePasswordFile,
}: CommonOptions): StoreAddress | undefined {
  if (store === undefined) return undefined;
  const parsed = parseStoreAddress(store);
  if (!parsed.ok) throw new ConfigurationProblem('--store', parsed.problem);
  const password =
    storePasswordFile === undefined
      ? undefined
      : readSecret('--store-password-file', storePasswordFile).toString('utf8').trimEnd();
  return { ...parsed.address, password };
}

const STATE_KEY_BYTES_MIN = 32;

/** The key that signs open questions, where replicas share one. */
export function readStateKey({ stateKeyFile }: CommonOptions): Uint8Array | undefined {
  if (stateKeyFile === undefined) return undefined;
  const key = readSecret('--state-key-file', stateKeyFile);
  if (key.length >= STATE_KEY_BYTES_MIN) return key;
  throw new ConfigurationProblem('--state-key-file', 'must hold 32 random bytes at least');
}

const SECRET_BYTES_MAX = 65_536;

/** A secret that is read once: it is used at the start, or has to stay the same while the process lives. */
function readSecret(field: string, path: string): Buffer {
  try {
    const stats = statSync(path);
    const problem = accessProblem(stats, true) ?? placeProblem(path);
    if (problem !== undefined) throw new ConfigurationProblem(field, problem);
    if (stats.size > SECRET_BYTES_MAX) throw new ConfigurationProblem(field, 'is too large');
    return readFileSync(path);
  } catch (error) {
    if (error instanceof ConfigurationProblem) throw error;
    throw new ConfigurationProblem(field, `the file ${whyUnread(error)}`);
  }
}
