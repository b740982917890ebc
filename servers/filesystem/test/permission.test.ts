import { existsSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { attemptNaively, connect, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

/** What Node's permission model has to let this server do, for one root, over stdio. */
function permissions(main: string, root: string): readonly string[] {
  return [
    '--permission',
    // Files are read in worker threads, under the same permissions.
    '--allow-worker',
    `--allow-fs-read=${dirname(main)}`,
    `--allow-fs-read=${root}`,
    // The walk goes from one held directory to the next (C3).
    '--allow-fs-read=/proc/self/fd',
    // Unread, files with several names are refused.
    '--allow-fs-read=/proc/sys/fs/protected_hardlinks',
  ];
}

describe.runIf(process.platform === 'linux')('under Node’s permission model', () => {
  const temp = makeTemp();
  const root = join(temp.path, 'docs');
  temp.write('docs/deep/hello.txt', 'Hello, reader.\n');
  const outside = temp.write('outside.txt', 'OUTSIDE');
  symlinkSync(outside, join(root, 'link'));
  const { command, args } = bundle(root);
  const [main = ''] = args;
  const flags = permissions(main, root);
  afterAll(() => temp.remove());

  test(verifies('C6.permission', 'the server reads, lists, finds and searches'), async () => {
    const client = await connect('v2 modern', { command, args: [...flags, ...args] });
    const calls = [
      client.call('read_file', { path: 'docs:deep/hello.txt' }),
      client.call('list_directory', { path: 'docs:', depth: 2 }),
      client.call('find_files', { glob: '*.txt' }),
      client.call('search_text', { pattern: 'reader' }),
    ];
    for (const { isError, text } of await Promise.all(calls)) {
      expect(isError).toBe(false);
      expect(text).toContain('hello.txt');
    }
    await client.close();
  });

  test(
    verifies(
      'C6.permission',
      'a script without a guard reads nothing outside, writes nothing, starts nothing',
    ),
    async () => {
      const target = join(root, 'written');
      const denied = 'ERR_ACCESS_DENIED';
      await expect(attemptNaively(flags, outside, target)).resolves.toEqual({
        read: denied,
        readInWorker: denied,
        write: denied,
        start: denied,
      });
      expect(existsSync(target)).toBe(false);
      await expect(attemptNaively([], outside, join(temp.path, 'written'))).resolves.toEqual({
        read: 'done',
        readInWorker: 'done',
        write: 'done',
        start: 'done',
      });
    },
  );

  test(
    verifies(
      'C3.links',
      'a link in the root leads such a script out of it, and no call of the server',
    ),
    async () => {
      const link = join(root, 'link');
      const { read } = await attemptNaively(flags, link, join(root, 'written'));
      expect(read).toBe('done');
      const client = await connect('v2 modern', { command, args: [...flags, ...args] });
      expect((await client.call('read_file', { path: 'docs:link' })).text).toMatch(
        /^path\.refused/,
      );
      await client.close();
    },
  );
});
