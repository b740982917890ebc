import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { attemptNaively, connect, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

/** What Node's permission model has to let this server do, over stdio, with its URL in the environment. */
function permissions(main: string): readonly string[] {
  return ['--permission', `--allow-fs-read=${dirname(main)}`];
}

describe('under Node’s permission model', async () => {
  const { database, url } = await makeShop();
  const temp = makeTemp();
  const outside = temp.write('outside.txt', 'OUTSIDE');
  const { command, args, env = {} } = bundle(url, '--schema', 'app');
  const [main = ''] = args;
  const flags = permissions(main);
  afterAll(async () => {
    temp.remove();
    await database.drop();
  });

  test(verifies('C6.permission', 'the server answers a query'), async () => {
    const client = await connect('v2 modern', { command, args: [...flags, ...args], env });
    const sql = 'SELECT name FROM app.customers WHERE id = 7';
    expect((await client.call('query', { sql })).text).toContain('Customer 7');
    await client.close();
  });

  test(
    verifies(
      'C6.permission',
      'a script without a guard reads no file, writes none, starts no process and no thread',
    ),
    async () => {
      const target = join(temp.path, 'written');
      const denied = 'ERR_ACCESS_DENIED';
      await expect(attemptNaively(flags, outside, target)).resolves.toEqual({
        read: denied,
        readInWorker: denied,
        write: denied,
        start: denied,
      });
      expect(existsSync(target)).toBe(false);
      const { read, write, start } = await attemptNaively([], outside, target);
      expect([read, write, start]).toEqual(['done', 'done', 'done']);
    },
  );
});
