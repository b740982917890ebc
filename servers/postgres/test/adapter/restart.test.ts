import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type EmbeddedServer, startEmbedded } from '../../src/adapter/embedded/index.ts';
import type { Database } from '../../src/adapter/index.ts';
import { cell, open, read, refusal } from './support.ts';

let server: EmbeddedServer;

beforeAll(async () => {
  server = await startEmbedded({ beside: fileURLToPath(import.meta.url) });
});

afterAll(async () => {
  await server.close();
});

function openServer(connections: number): Database {
  const { host, port, user, password } = server;
  return open(`postgres://${user}:${password}@${host}:${String(port)}/postgres`, {
    connections,
    unsafePrivilegedRole: true,
  });
}

/** As `pg_ctl stop -m immediate` does: no goodbye to anybody, and a recovery at the next start. */
async function crash(): Promise<void> {
  const file = join(server.folder, 'data/postmaster.pid');
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGQUIT');
  for (;;) {
    try {
      process.kill(pid, 0);
      await sleep(10);
    } catch {
      return;
    }
  }
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

test.each<[string, () => Promise<void>]>([
  ['crashes', crash],
  ['is shut down', () => server.stop()],
])(
  verifies(
    'E13.restart',
    'calls under load survive a server that %s: refused for a while, then served',
  ),
  async (_, end) => {
    const before = sockets();
    const database = openServer(4);
    await read(database, 'SELECT 1');
    const codes = new Map<string, number>();
    let isOver = false;
    let lateFailures = 0;
    const callers = Array.from({ length: 12 }, async () => {
      while (!isOver) {
        const code = await read(database, 'SELECT pg_sleep(0.01)').then(
          () => 'answered',
          (error: unknown) => String(Reflect.get(Object(error), 'code')),
        );
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code !== 'answered') await sleep(5);
      }
    });
    await sleep(200);
    await end();
    await sleep(200);
    await server.start();
    await expect
      .poll(() => cell(database, 'SELECT 1').catch(() => undefined), { timeout: 10_000 })
      .toBe(1);
    for (let at = 0; at < 20; at += 1)
      if ((await cell(database, 'SELECT 1').catch(() => undefined)) !== 1) lateFailures += 1;
    isOver = true;
    await Promise.all(callers);
    expect([...codes.keys()].sort()).toEqual(['answered', 'database.unavailable']);
    expect(codes.get('answered')).toBeGreaterThan(20);
    expect(lateFailures).toBe(0);
    const backends = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'secure-mcp'`;
    expect(await cell(database, backends)).toBeLessThanOrEqual(4);
    expect(await database.close()).toBe(true);
    await expect.poll(sockets).toBe(before);
  },
);

test(
  verifies('E13.restart', 'what runs when the server crashes ends at once, as something to retry'),
  async () => {
    const database = openServer(2);
    await read(database, 'SELECT 1');
    const calls = [1, 2].map(() => refusal(read(database, 'SELECT pg_sleep(20)')));
    await sleep(200);
    const started = performance.now();
    await crash();
    for (const { code, retryAfterMs } of await Promise.all(calls))
      expect([code, retryAfterMs]).toEqual(['database.unavailable', 1000]);
    expect(performance.now() - started).toBeLessThan(8000);
    expect((await refusal(read(database, 'SELECT 1'))).code).toBe('database.unavailable');
    await server.start();
    expect(await cell(database, 'SELECT 1')).toBe(1);
    expect(await database.close()).toBe(true);
  },
);
