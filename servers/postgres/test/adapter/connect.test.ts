import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { makeTemp, type TempDirectory, verifies } from '@secure-mcp/testkit';
import type { Refusal } from '@secure-mcp/validation';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';

import { backendsOf, cell, makeReader, open, read, refusal, within } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let temp: TempDirectory;
let address: string;

beforeAll(async () => {
  temp = makeTemp();
  reader = await makeReader();
  address = `${reader.database.host}:${String(reader.database.port)}`;
});

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(async () => {
  await reader.database.drop();
  temp.remove();
});

/** All that could be written down of a refusal. */
function all({ message, detail = '', stack = '', ...rest }: Refusal): string {
  return [message, detail, stack, JSON.stringify(rest)].join('\n');
}

describe('a connection that fails', () => {
  test.each<[string, () => string, string, RegExp]>([
    [
      'a wrong password',
      () => `postgres://${reader.role}:hunter2hunter2@${address}/${reader.database.name}`,
      'database.refused',
      /28P01/,
    ],
    [
      'an unknown user',
      () => `postgres://nobody_hunter:hunter2hunter2@${address}/${reader.database.name}`,
      'database.refused',
      /28/,
    ],
    [
      'no password',
      () => `postgres://${reader.role}@${address}/${reader.database.name}`,
      'database.refused',
      /password/,
    ],
    [
      'an unknown database',
      () => `postgres://${reader.role}:${reader.role}@${address}/nowhere_hunter`,
      'database.refused',
      /3D000/,
    ],
    [
      'a closed port',
      () => `postgres://${reader.role}:hunter2hunter2@127.0.0.1:1/shop_hunter`,
      'database.unavailable',
      /Try again/,
    ],
    [
      'no such socket',
      () => `postgres://${reader.role}:hunter2hunter2@%2Fnonexistent%2Fhunter/shop_hunter`,
      'database.unavailable',
      /Try again/,
    ],
    [
      'an unknown host',
      () => `postgres://${reader.role}:hunter2hunter2@hunter.invalid/shop_hunter`,
      'database.unavailable',
      /Try again/,
    ],
  ])(
    verifies('C8.no-leak', 'by %s says one clear sentence, and nothing of the URL'),
    async (_, url, code, why) => {
      const database = open(url());
      const refused = await refusal(read(database, 'SELECT 1'));
      expect([refused.code, refused.message]).toEqual([code, expect.stringMatching(why)]);
      expect(refused.retryAfterMs !== undefined).toBe(code === 'database.unavailable');
      expect(all(refused)).not.toMatch(/hunter|postgres:\/\//);
      expect(all(refused)).not.toContain(reader.role);
      expect(all(refused)).not.toContain(reader.database.name);
      await database.close();
    },
  );

  test(verifies('C8.no-leak', 'tells it of no posture either'), async () => {
    const database = open(
      `postgres://${reader.role}:hunter2hunter2@${address}/${reader.database.name}`,
    );
    const refused = await refusal(database.posture(within()));
    expect(all(refused)).not.toMatch(/hunter|postgres:\/\//);
    await database.close();
  });

  test(
    verifies(
      'C13.password-file',
      'takes no password and no option that was meant for another program',
    ),
    async () => {
      vi.stubEnv('PGPASSWORD', reader.role);
      vi.stubEnv('PGOPTIONS', '-c application_name=stray');
      vi.stubEnv('PGUSER', 'postgres');
      vi.stubEnv('PGAPPNAME', 'stray');
      vi.stubEnv('PGREPLICATION', 'database');
      vi.stubEnv('PGSSLNEGOTIATION', 'direct');
      const without = open(`postgres://${reader.role}@${address}/${reader.database.name}`);
      expect((await refusal(read(without, 'SELECT 1'))).code).toBe('database.refused');
      await without.close();
      const database = open(reader.url);
      expect(await cell(database, `SELECT current_setting('application_name')`)).toBe('secure-mcp');
      await database.close();
    },
  );

  test('a server that is full is one to come back to', async () => {
    await reader.database.admin(`ALTER ROLE ${reader.role} CONNECTION LIMIT 1`);
    const first = open(reader.url);
    await read(first, 'SELECT 1');
    const second = open(reader.url);
    const refused = await refusal(read(second, 'SELECT 1'));
    expect([refused.code, refused.retryAfterMs]).toEqual(['database.unavailable', 1000]);
    await Promise.all([first.close(), second.close()]);
    await reader.database.admin(`ALTER ROLE ${reader.role} CONNECTION LIMIT 20`);
  });

  test.each<[string, (write: (text: string) => void) => void]>([
    ['says nothing', () => undefined],
    [
      'greets without end',
      (write) => {
        for (let at = 0; at < 200; at += 1) write(`N\0\0\x10\0${'x'.repeat(4092)}`);
      },
    ],
    ['speaks another protocol', (write) => write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'announces a message of two gigabytes',
      (write) => write(`R\x7f\xff\xff\xff${'x'.repeat(70_000)}`),
    ],
  ])('a peer that %s costs a refusal', async (_, answer) => {
    const peer = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => answer((text) => void socket.write(Buffer.from(text, 'latin1'))));
    });
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const { port } = z.object({ port: z.number() }).parse(peer.address());
    const database = open(`postgres://u:hunter2@127.0.0.1:${String(port)}/d`);
    const refused = await refusal(read(database, 'SELECT 1', { run: within(500) }));
    expect(refused.code).toMatch(/^database\.(?:unavailable|refused|timeout)$/);
    expect(all(refused)).not.toContain('hunter2');
    await database.close();
    peer.close();
  });

  test(verifies('E13.deadline', 'a peer that never answers holds no place for long'), async () => {
    const peer = createServer((socket) => void socket.on('error', () => undefined));
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const { port } = z.object({ port: z.number() }).parse(peer.address());
    const modes = ['disable', 'verify-full'].map(async (mode) => {
      const url = `postgres://u@127.0.0.1:${String(port)}/d?sslmode=${mode}`;
      const database = open(url, { connections: 1 });
      const started = performance.now();
      const brief = refusal(read(database, 'SELECT 1', { run: within(100) }));
      const patient = refusal(read(database, 'SELECT 1', { run: within(20_000) }));
      expect((await brief).code).toBe('database.timeout');
      expect((await patient).code).toBe('database.unavailable');
      expect(performance.now() - started).toBeLessThan(8000);
      await database.close();
    });
    await Promise.all(modes);
    peer.close();
  });
});

describe('a password file', () => {
  const url = (): string => `postgres://${reader.role}@${address}/${reader.database.name}`;

  function passwordFile(content: string, mode = 0o600): string {
    const path = join(temp.path, 'password');
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  test(verifies('C13.password-file', 'is read for each new connection'), async () => {
    const files = { password: passwordFile(`${reader.role}\n`) };
    const database = open(url(), { files, connections: 2 });
    expect(await cell(database, 'SELECT 1')).toBe(1);

    await reader.database.admin(`ALTER ROLE ${reader.role} PASSWORD 'a new one'`);
    // The connection that there is goes on; a new one needs the new password.
    expect(await cell(database, 'SELECT 1')).toBe(1);
    const [, late] = await Promise.all([
      read(database, 'SELECT pg_sleep(0.3)'),
      refusal(read(database, 'SELECT 1')),
    ]);
    expect(late.code).toBe('database.refused');

    passwordFile('a new one');
    const both = await Promise.all([
      read(database, 'SELECT pg_sleep(0.3)'),
      cell(database, 'SELECT 2'),
    ]);
    expect(both[1]).toBe(2);
    expect(await backendsOf(reader.database, reader.role)).toBe(2);
    await database.close();
    await reader.database.admin(`ALTER ROLE ${reader.role} PASSWORD '${reader.role}'`);
  });

  test(verifies('C13.password-file', 'wins over a password in the URL'), async () => {
    const database = open(url().replace('@', ':wrong@'), {
      files: { password: passwordFile(reader.role) },
    });
    expect(await cell(database, 'SELECT 1')).toBe(1);
    await database.close();
  });

  test(verifies('C6.posture', 'that everybody may read is told in the posture'), async () => {
    for (const [mode, expected] of [
      [0o600, []],
      [0o640, []],
      [0o644, ['password-file.open']],
      [0o602, ['password-file.open']],
    ] as const) {
      const database = open(url(), { files: { password: passwordFile(reader.role, mode) } });
      const findings = await database.posture(within());
      expect(findings.map(({ id }) => id).filter((id) => id.startsWith('password'))).toEqual(
        expected,
      );
      await database.close();
    }
  });

  test.each<[string, () => string]>([
    ['is missing', () => join(temp.path, 'missing')],
    ['is empty', () => passwordFile('\n')],
    ['has several lines', () => passwordFile('one\ntwo\n')],
    ['is large', () => passwordFile('x'.repeat(5000))],
    ['is a directory', () => temp.path],
    ['never ends', () => '/dev/zero'],
    [
      'is a pipe',
      () => {
        execFileSync('mkfifo', [join(temp.path, 'pipe')]);
        return join(temp.path, 'pipe');
      },
    ],
  ])(
    verifies('C13.password-file', 'that %s is refused by that, and not by its name'),
    async (_, path) => {
      const password = path();
      const database = open(url(), { files: { password } });
      const refused = await refusal(read(database, 'SELECT 1', { run: within(2000) }));
      expect([refused.code, refused.message]).toEqual([
        'database.refused',
        expect.stringContaining('password cannot be read'),
      ]);
      expect(all(refused)).not.toContain(password);
      await database.close();
    },
  );
});
