/** What a change of the policy leaves behind: nothing. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { eventually, makeTemp, startHttpProcess, verifies } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

import { bundle } from './bundle.ts';

/** Few enough for a test, and enough to see a leak of one at a time. */
const CHANGES = 5;

test.skipIf(process.platform !== 'linux')(
  verifies('C13.reload', 'each change of the policy lets go of the roots of the one before it'),
  async () => {
    const temp = makeTemp();
    temp.write('docs/hello.txt', 'Hello, reader.\n');
    const root = join(temp.path, 'docs');
    const audit = join(temp.path, 'audit.jsonl');
    const write = (deny: string): string =>
      temp.write(
        'policy.json',
        JSON.stringify({
          version: 1,
          principals: [
            {
              match: { id: 'key:ada' },
              tools: ['*'],
              files: { roots: [{ root: 'docs', rights: ['read'], deny: [deny] }] },
            },
          ],
        }),
      );
    const policy = write('first');
    const options = ['--http=0', '--unsafe-no-auth', `--policy=${policy}`, `--audit-log=${audit}`];
    const served = await startHttpProcess(bundle(`docs=${root}`, ...options));
    const fds = `/proc/${String(served.pid)}/fd`;
    const openRoots = (): number =>
      readdirSync(fds).filter((fd) => targetOf(join(fds, fd)) === root).length;
    const reloads = (): number => readFileSync(audit, 'utf8').split('"config.reload').length - 1;
    try {
      expect(openRoots()).toBe(1);
      for (let change = 1; change <= CHANGES; change += 1) {
        // Every other one is taken, and the others are not: a glob that can match nothing is refused.
        write(change % 2 === 0 ? `next-${String(change)}` : 'other:/never');
        await eventually(reloads, (count) => count === change);
      }
      await eventually(openRoots, (count) => count === 1);
    } finally {
      await served.close();
      temp.remove();
    }
  },
);

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
