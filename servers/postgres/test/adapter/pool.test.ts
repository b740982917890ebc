import { setTimeout as sleep } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { backendsOf, becomes, cell, makeReader, open, read, refusal, within } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;

beforeAll(async () => {
  reader = await makeReader();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

afterAll(async () => {
  await reader.database.drop();
});

test(
  verifies(
    'E13.concurrency',
    'no more connections are made than allowed, and calls wait in their order',
  ),
  async () => {
    const database = open(reader.url, { connections: 2 });
    const order: number[] = [];
    const calls = Array.from({ length: 12 }, async (_, at) => {
      await read(database, 'SELECT pg_sleep(0.05)');
      order.push(at);
    });
    await becomes(() => backendsOf(reader.database, reader.role), 2);
    await Promise.all(calls);
    // Two at a time: no call passes more than one other.
    expect(order.every((at, place) => Math.abs(at - place) <= 1)).toBe(true);
    await database.close();
  },
);

test(verifies('E13.concurrency', 'the line has an end'), async () => {
  const database = open(reader.url, { connections: 1 });
  await read(database, 'SELECT 1');
  const calls = Array.from({ length: 80 }, () =>
    read(database, 'SELECT pg_sleep(0.01)').then(
      () => 'answered',
      (error: unknown) => String(Reflect.get(Object(error), 'code')),
    ),
  );
  const codes = await Promise.all(calls);
  expect(codes.filter((code) => code === 'answered')).toHaveLength(65);
  expect(codes.filter((code) => code === 'database.unavailable')).toHaveLength(15);
  await database.close();
});

test(
  verifies('E13.deadline', 'who waits for a connection waits no longer than the call'),
  async () => {
    const database = open(reader.url, { connections: 1 });
    const slow = read(database, 'SELECT pg_sleep(4)');
    const started = performance.now();
    expect((await refusal(read(database, 'SELECT 1', { run: within(100) }))).code).toBe(
      'database.timeout',
    );
    expect(performance.now() - started).toBeLessThan(3000);
    await slow;
    await database.close();
  },
);

test('a connection that breaks is replaced', async () => {
  const database = open(reader.url, { connections: 1 });
  const pid = await cell(database, 'SELECT pg_backend_pid()');
  await reader.database.admin(`SELECT pg_terminate_backend(${String(pid)})`);
  await becomes(() => backendsOf(reader.database, reader.role), 0);
  // The goodbye of the server is on its way.
  await sleep(50);
  const next = await cell(database, 'SELECT pg_backend_pid()');
  expect(next).not.toBe(pid);
  expect(await database.close()).toBe(true);
});

test('a connection that one call has used up is not handed to the next in line', async () => {
  const database = open(reader.url, { connections: 1 });
  await read(database, 'SELECT 1');
  const [first, second] = await Promise.all([
    refusal(read(database, `SELECT repeat('x', 20000000)`)),
    cell(database, 'SELECT 2'),
  ]);
  expect([first.code, second]).toEqual(['database.too_much', 2]);
  await database.close();
});

test('closing ends what waits, what runs and what is there', async () => {
  const database = open(reader.url, { connections: 1 });
  const running = refusal(read(database, 'SELECT pg_sleep(5)'));
  const waiting = refusal(read(database, 'SELECT 1'));
  await becomes(() => backendsOf(reader.database, reader.role, `query LIKE 'FETCH%'`), 1);
  expect(await database.close()).toBe(true);
  expect((await running).code).toMatch(/^database\.(?:unavailable|timeout)$/);
  await becomes(() => backendsOf(reader.database, reader.role), 0);
  expect((await waiting).code).toBe('database.unavailable');
  expect((await refusal(read(database, 'SELECT 1'))).code).toBe('database.unavailable');
});

test('an idle connection keeps no process running', async () => {
  const database = open(reader.url);
  const handles = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  await expect.poll(handles).toBe(0);
  const reading = read(database, 'SELECT pg_sleep(0.2)');
  await expect.poll(handles, { interval: 1 }).toBe(1);
  await reading;
  expect(handles()).toBe(0);
  await database.close();
});

test('a connection that nobody needs is given back after a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const database = open(reader.url);
  await read(database, 'SELECT 1');
  vi.advanceTimersByTime(59_000);
  expect(await backendsOf(reader.database, reader.role)).toBe(1);
  vi.advanceTimersByTime(1001);
  await becomes(() => backendsOf(reader.database, reader.role), 0);
  vi.useRealTimers();
  expect(await cell(database, 'SELECT 1')).toBe(1);
  await database.close();
});

test(
  verifies(
    'C13.password-file',
    'no connection is older than ten minutes, so what changed is in force by then',
  ),
  async () => {
    const database = open(reader.url);
    const pid = await cell(database, 'SELECT pg_backend_pid()');
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 599_000);
    expect(await cell(database, 'SELECT pg_backend_pid()')).toBe(pid);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 601_000);
    expect(await cell(database, 'SELECT pg_backend_pid()')).not.toBe(pid);
    await becomes(() => backendsOf(reader.database, reader.role), 1);
    await database.close();
  },
);
