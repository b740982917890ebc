import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Database } from '../../src/adapter/index.ts';
import {
  backendsOf,
  becomes,
  cell,
  makeReader,
  open,
  type Proxy,
  read,
  refusal,
  startProxy,
  through,
  within,
} from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let proxy: Proxy;
let database: Database;

beforeAll(async () => {
  reader = await makeReader();
  proxy = await startProxy(reader.database.port, reader.database.host);
  database = open(through(reader.url, proxy), { connections: 1 });
});

afterAll(async () => {
  await database.close();
  await proxy.close();
  await reader.database.drop();
});

const cancelled = (): Refusal => new Refusal('call.cancelled', 'The call was cancelled.');
const running = (): Promise<number> =>
  backendsOf(reader.database, reader.role, `state = 'active' AND query LIKE 'FETCH%'`);

describe('a cancelled call', () => {
  test(verifies('E13.cancel', 'stops at the server, and its session goes on'), async () => {
    const pid = await cell(database, 'SELECT pg_backend_pid()');
    const controller = new AbortController();
    const call = refusal(
      read(database, 'SELECT pg_sleep(4)', { run: within(9000, controller.signal) }),
    );
    await becomes(running, 1);
    const started = performance.now();
    controller.abort(cancelled());
    expect((await call).code).toBe('call.cancelled');
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await running()).toBe(0);
    expect(await cell(database, 'SELECT pg_backend_pid()')).toBe(pid);
  });

  test(verifies('E13.cancel', 'that has not begun sends nothing'), async () => {
    await cell(database, 'SELECT 1');
    proxy.reset();
    const call = read(database, 'SELECT pg_sleep(4)', {
      run: within(9000, AbortSignal.abort(cancelled())),
    });
    expect((await refusal(call)).code).toBe('call.cancelled');
    expect(proxy.sent.length).toBe(0);
  });

  test(verifies('E13.cancel', 'that waits for a connection leaves its place'), async () => {
    const slow = read(database, 'SELECT pg_sleep(1)');
    const controller = new AbortController();
    const waiting = refusal(read(database, 'SELECT 1', { run: within(9000, controller.signal) }));
    const next = cell(database, 'SELECT 2');
    controller.abort(cancelled());
    expect((await waiting).code).toBe('call.cancelled');
    await slow;
    expect(await next).toBe(2);
  });

  test(verifies('E13.cancel', 'hits no other call, whenever it is cancelled'), async () => {
    await cell(database, 'SELECT 1');
    for (let at = 0; at < 150; at += 1) {
      const controller = new AbortController();
      const call = read(database, 'SELECT pg_sleep(0.002)', {
        run: within(9000, controller.signal),
      });
      const ended = call.then(
        () => 'answered',
        (error: unknown) => (error instanceof Refusal ? error.code : error),
      );
      // From before the first byte to after the last one.
      const due = performance.now() + (at % 30) * 0.15;
      while (performance.now() < due) await new Promise(setImmediate);
      controller.abort(cancelled());
      const innocent = await cell(
        database,
        `SELECT ${String(at)} FROM (SELECT pg_sleep(0.001)) AS slept`,
      );
      expect(innocent).toBe(at);
      expect(['answered', 'call.cancelled']).toContain(await ended);
    }
  });

  test(verifies('E13.cancel', 'gives its session up when the server does not end it'), async () => {
    const other = await startProxy(reader.database.port, reader.database.host);
    const stuck = open(through(reader.url, other), { connections: 1 });
    await cell(stuck, 'SELECT 1');
    const controller = new AbortController();
    const call = refusal(
      read(stuck, 'SELECT pg_sleep(4)', { run: within(20_000, controller.signal) }),
    );
    await becomes(running, 1);
    // The server's answers get lost from here on, also those about the cancelling.
    other.mute();
    const started = performance.now();
    controller.abort(cancelled());
    expect((await call).code).toBe('call.cancelled');
    expect(performance.now() - started).toBeLessThan(3500);
    await stuck.close();
    await other.close();
  });
});

describe('a deadline', () => {
  test(verifies('E13.deadline', 'ends a statement at the server'), async () => {
    const started = performance.now();
    const { code } = await refusal(read(database, 'SELECT pg_sleep(4)', { run: within(300) }));
    expect(code).toBe('database.timeout');
    expect(performance.now() - started).toBeLessThan(3500);
    expect(await running()).toBe(0);
    expect(await cell(database, 'SELECT 1')).toBe(1);
  });

  test(
    verifies(
      'E13.deadline',
      'holds when the network swallows every answer and nobody gives a signal',
    ),
    async () => {
      const other = await startProxy(reader.database.port, reader.database.host);
      const deaf = open(through(reader.url, other), { connections: 1 });
      await cell(deaf, 'SELECT 1');
      other.mute();
      const started = performance.now();
      expect((await refusal(read(deaf, 'SELECT 1', { run: within(300) }))).code).toBe(
        'database.timeout',
      );
      expect(performance.now() - started).toBeLessThan(4000);
      await deaf.close();
      await other.close();
    },
  );

  test(
    verifies('E13.deadline', 'is the limit of a statement, also when the call has longer'),
    async () => {
      const brief = open(reader.url, { limits: { timeoutMs: 200, lockTimeoutMs: 100 } });
      const started = performance.now();
      expect((await refusal(read(brief, 'SELECT pg_sleep(4)'))).code).toBe('database.timeout');
      expect(performance.now() - started).toBeLessThan(3500);
      await brief.close();
    },
  );

  test(verifies('E13.deadline', 'bounds the wait for a lock'), async () => {
    await reader.database.admin('CREATE TABLE public.locked (id int)');
    await reader.database.admin(`GRANT SELECT ON public.locked TO ${reader.role}`);
    const lock = reader.database.admin(
      'BEGIN; LOCK TABLE public.locked; SELECT pg_sleep(2); COMMIT',
    );
    await becomes(
      () =>
        backendsOf(
          reader.database,
          'postgres',
          `query LIKE 'BEGIN; LOCK%' AND wait_event = 'PgSleep'`,
        ),
      1,
    );
    const started = performance.now();
    const { code, message } = await refusal(read(database, 'SELECT * FROM public.locked'));
    expect([code, message]).toEqual(['database.timeout', expect.stringContaining('55P03')]);
    expect(performance.now() - started).toBeLessThan(3500);
    await lock;
  });
});
