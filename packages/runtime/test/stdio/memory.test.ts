import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { eventually, makeTemp, type RawStdio, startRaw, verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';

/**
 * What a client may make a process use beyond what it uses once it has started. A built server starts
 * with 75 MB, and the promise is 200; this one runs from its sources, which takes more.
 */
const GROWTH_MB_MAX = 120;
/** As many calls as one caller can have running and waiting. */
const CALLS = 40;
const PICTURE_BYTES = 5_242_880;

const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const temp = makeTemp();
const running: RawStdio[] = [];
const startMb = new Map<RawStdio, number>();
afterEach(async () => {
  await Promise.all(running.splice(0).map((raw) => raw.kill()));
});
afterAll(() => temp.remove());

function start(...args: readonly string[]): RawStdio {
  const raw = startRaw(
    fixtureCommand('--rate-limit', '1000000/1', '--log-level', 'silent', ...args),
  );
  running.push(raw);
  return raw;
}

/** The most memory that a server ever held beyond what it held at its start, in MiB. */
function growthMb(raw: RawStdio): number {
  return peakMb(raw) - (startMb.get(raw) ?? 0);
}

function peakMb({ process: { pid } }: RawStdio): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** A server that is ready, and what it used until then. */
async function ready(raw: RawStdio, era = '2025'): Promise<RawStdio> {
  if (era === '2025') await raw.initialize();
  else await raw.ask('discover', 'server/discover', { _meta: MODERN });
  startMb.set(raw, peakMb(raw));
  return raw;
}

function call(id: number, name: string, args: object, meta?: object): object {
  const params = { name, arguments: args, ...(meta !== undefined && { _meta: meta }) };
  return { jsonrpc: '2.0', id, method: 'tools/call', params };
}

/** A server whose client has asked for forty pictures and reads none of them. */
async function startUnread(name: string, more: object): Promise<{ raw: RawStdio; file: string }> {
  const file = temp.write(name, '');
  const raw = start('--deadline-ms', '60000');
  await ready(raw);
  raw.process.stdout?.pause();
  for (let id = 0; id < CALLS; id += 1) raw.send(call(id, 'picture', { file, ...more }));
  await eventually(
    () => statSync(file).size,
    (loaded) => loaded > 0,
  );
  await pause(1000);
  return { raw, file };
}

describe.each([{ base64: false }, { base64: true }])('large answers, %o', (more) => {
  test(verifies('E2.unread', 'do not pile up for a client that does not read'), async () => {
    const { raw, file } = await startUnread(`unread-${String(more.base64)}`, more);
    // The next one is not even loaded before this one is taken.
    expect(statSync(file).size).toBe(1);
    expect(growthMb(raw)).toBeLessThan(GROWTH_MB_MAX);
    const started = performance.now();
    expect(await raw.end()).toEqual({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test(verifies('E2.unread', 'arrive whole and one after another at one that reads'), async () => {
    const file = temp.write(`read-${String(more.base64)}`, '');
    const raw = start('--deadline-ms', '60000');
    await ready(raw);
    for (let id = 0; id < 12; id += 1) raw.send(call(id, 'picture', { file, ...more }));
    const picture = Buffer.alloc(PICTURE_BYTES, 'picture');
    for (let id = 0; id < 12; id += 1) {
      const { result } = await raw.next((message) => message.id === id, 20_000);
      const [, image] = Object(result).content;
      expect(Buffer.from(image.data, 'base64').equals(picture)).toBe(true);
    }
    expect(statSync(file).size).toBe(12);
    expect(growthMb(raw)).toBeLessThan(GROWTH_MB_MAX);
  });
});

describe('while answers wait for a client that does not read', () => {
  test(verifies('E13.cancel', 'E2.unread', 'it can still cancel'), async () => {
    const toiled = temp.write('toil', '');
    const file = temp.write('cancel', '');
    const raw = start('--deadline-ms', '60000');
    await ready(raw);
    raw.process.stdout?.pause();
    raw.send(call(100, 'toil', { file: toiled }));
    for (let id = 0; id < CALLS - 1; id += 1) raw.send(call(id, 'picture', { file }));
    await eventually(
      () => statSync(file).size,
      (loaded) => loaded > 0,
    );
    raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 100 } });
    await pause(300);
    const { size } = statSync(toiled);
    await pause(300);
    expect(statSync(toiled).size).toBe(size);
    // The others can be cancelled, too; the one that is on its way is taken when the client reads.
    for (let requestId = 1; requestId < CALLS; requestId += 1)
      raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    await pause(300);
    raw.send({ jsonrpc: '2.0', id: 'last', method: 'ping' });
    raw.process.stdout?.resume();
    expect((await raw.next(({ id }) => id === 'last')).result).toEqual({});
    expect(statSync(file).size).toBe(1);
    expect((await raw.ask(0, 'tools/call', { name: 'echo', arguments: { text: 'a' } })).id).toBe(0);
  });

  test(verifies('E14.signal', 'E2.unread', 'SIGTERM ends the server with 0'), async () => {
    const { raw } = await startUnread('signal', {});
    const ended = new Promise((resolve) => {
      raw.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    raw.process.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

/** Of two bytes for each character in memory. */
const wide = (characters: number): string => `\u0100${'a'.repeat(characters - 1)}`;

describe.each([
  { era: '2025', meta: {} },
  { era: '2026', meta: MODERN },
])('requests that are kept for the length of a call, $era', ({ era, meta }) => {
  async function ask(calls: (id: number) => object): Promise<RawStdio> {
    const raw = start('--deadline-ms', '60000');
    await ready(raw, era);
    for (let id = 0; id < CALLS; id += 1) raw.send(calls(id));
    await eventually(
      () => raw.received.filter(({ id }) => typeof id === 'number').length,
      (answered) => answered === CALLS,
      20_000,
    );
    return raw;
  }

  test(verifies('E2.line', 'hold nothing large beside their arguments'), async () => {
    const pad = wide(900_000);
    const raw = await ask((id) => call(id, 'ponder', { text: 'a', ms: 2000 }, { ...meta, pad }));
    const reasons = new Set(raw.received.map(({ error }) => error?.message));
    expect(reasons).toContain('too much beside the arguments');
    expect(raw.received.some(({ result }) => JSON.stringify(result)?.includes('"a"'))).toBe(false);
    expect(growthMb(raw)).toBeLessThan(GROWTH_MB_MAX);
  });

  test(verifies('E2.line', 'are together no larger than a few'), async () => {
    const text = wide(900_000);
    const raw = await ask((id) => call(id, 'ponder', { text, ms: 2000 }, meta));
    const refused = raw.received.filter(
      ({ error }) => error?.message === 'too much is asked for at once: wait for an answer',
    );
    expect(refused).toHaveLength(CALLS - 4);
    expect(growthMb(raw)).toBeLessThan(GROWTH_MB_MAX);
    // What is answered counts no more.
    raw.send(call(100, 'ponder', { text, ms: 0 }, meta));
    expect((await raw.next(({ id }) => id === 100)).result).toBeDefined();
  });
});
