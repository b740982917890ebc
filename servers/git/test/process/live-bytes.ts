import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bytes that something still holds, outside of the heap or on it: garbage that waits for its collector is
 * none.
 */
export function createLiveBytes(where: 'arrayBuffers' | 'heapUsed' = 'arrayBuffers'): () => number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  return () => {
    collect();
    return process.memoryUsage()[where];
  };
}
