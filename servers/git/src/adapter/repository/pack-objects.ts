import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Profile, Run } from '../handle.ts';
import { environmentOf } from '../process/environment.ts';
import { limited } from '../process/limited.ts';
import { makeExpendable } from '../process/memory.ts';

/** Fast rather than small: the pack lives as long as this process. */
const ARGUMENTS = ['pack-objects', '-q', '--window=0', '--compression=1', '--threads=1'];

/**
 * Writes a pack of these objects into a directory of ours. The names go in on stdin. They are names of
 * files that were seen to be 40 or 64 hexadecimal digits.
 *
 * Refuses `git.timeout`, and `repository.broken` when git cannot read one of them.
 */
export async function packObjects(
  names: readonly string[],
  { profile, run, to }: { readonly profile: Profile; readonly run: Run; readonly to: string },
): Promise<void> {
  const limit = limited(run, LIMITS.commandMs);
  try {
    const child = spawn(profile.binary, [...ARGUMENTS, join(to, 'pack')], {
      cwd: profile.gitDir,
      env: environmentOf(profile, { refreshes: false }),
      stdio: ['pipe', 'ignore', 'ignore'],
      signal: limit.signal,
      killSignal: 'SIGKILL',
    });
    makeExpendable(child);
    // git may end before it took all names; its code says so.
    child.stdin.on('error', () => undefined);
    child.stdin.end(names.map((name) => `${name}\n`).join(''));
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => undefined);
      child.once('close', (ended) => resolve(ended));
    });
    if (limit.signal.aborted) limit.fail();
    if (code !== 0) refuse('repository.broken', { detail: `pack-objects: exit ${String(code)}` });
  } finally {
    limit.end();
  }
}
