import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { attacks, eventually, type RawStdio, startRaw, verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { MESSAGE_BYTES_MAX } from '../../src/index.ts';
import { fixtureCommand } from '../fixture/command.ts';

/** What nobody but the caller has written. */
const WORDS = 'ignore-all-previous-instructions';

const running: RawStdio[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((raw) => raw.kill()));
});

function start(...args: readonly string[]): RawStdio {
  const raw = startRaw(fixtureCommand(...args));
  running.push(raw);
  return raw;
}

/** Memory in use, in MiB. */
function residentMb({ process: child }: RawStdio): number {
  const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function line(bytes: string | Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]);
}

describe('lines that are no message', () => {
  let shared: RawStdio;
  beforeAll(async () => {
    shared = startRaw(fixtureCommand('--log-level', 'silent'));
    await shared.initialize();
  });
  afterAll(() => shared.kill());

  test.each(attacks.BAD_LINES)(
    verifies('C1.messages', 'C1.one-meaning', '$name gets one error, and the next line is served'),
    async ({ name, line: bad, code, id }) => {
      const before = shared.received.length;
      const logged = shared.stderr().length;
      shared.write(line(bad));
      const next = await shared.ask(name, 'ping');
      const answers = shared.received.slice(before).filter((message) => message !== next);
      const error = { code, message: expect.any(String) };
      expect(answers).toEqual([{ jsonrpc: '2.0', id, error }]);
      await eventually(
        () => shared.stderr().slice(logged),
        (log) => log.includes('"type":"input.invalid"'),
      );
    },
  );

  test('an unknown method, a notification and a response disturb nothing', async () => {
    const raw = start();
    await raw.initialize();
    raw.send({ jsonrpc: '2.0', method: 'notifications/unknown' });
    raw.send({ jsonrpc: '2.0', id: 'never asked', result: {} });
    raw.send({ jsonrpc: '2.0', id: 'never asked', error: { code: 1, message: 'x' } });
    expect((await raw.ask(1, 'no/such/method')).error?.code).toBe(-32_601);
    expect(raw.received).toHaveLength(2);
  });

  test.each<readonly [string, string, object]>([
    ['a task of no duration', 'tools/call', { name: 'wait', task: { ttl: WORDS } }],
    ['a method that nobody has', WORDS, {}],
    ['a method that is not served', 'logging/setLevel', { level: WORDS }],
  ])(
    verifies('C9.complete', 'C1.no-echo', '%s leaves one record, and is not repeated'),
    async (_what, method, params) => {
      const raw = start('--log-level', 'silent');
      await raw.initialize();
      const logged = raw.stderr().length;
      const { error } = await raw.ask(1, method, params);
      expect(error?.message).toEqual(expect.any(String));
      expect(error?.message).not.toContain(WORDS);
      // Of the schema library's own dump.
      expect(error?.message).not.toContain('"expected"');
      await raw.end();
      const records = raw.stderr().slice(logged).split('\n');
      expect(records.filter((record) => record.includes('"type":"input.invalid"'))).toHaveLength(1);
      expect(records.join('')).not.toContain(WORDS);
    },
  );

  test('an id that is in use is refused', async () => {
    const raw = start();
    await raw.initialize();
    const call = {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'wait', arguments: { ms: 200 } },
    };
    raw.send(call);
    raw.send(call);
    expect((await raw.next(({ error }) => error !== undefined)).error?.message).toBe(
      'the id is in use',
    );
    expect(
      (await raw.next(({ id, result }) => id === 7 && result !== undefined)).result,
    ).toBeDefined();
    const answered = raw.received.length;
    raw.send({ jsonrpc: '2.0', id: 7, method: 'ping' });
    await eventually(
      () => raw.received.length,
      (count) => count > answered,
    );
    expect(raw.received.at(-1)?.result).toEqual({});
  });

  test.each([{ reason: 123 }, { reason: 'x' }, {}])(
    verifies('C1.messages', 'a request is answered once at most, also after a cancelling with %o'),
    async (more) => {
      const raw = start();
      await raw.initialize();
      const call = {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'wait', arguments: { ms: 200 } },
      };
      raw.send(call);
      raw.send({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 7, ...more },
      });
      raw.send(call);
      await pause(600);
      await raw.ask('last', 'ping');
      const results = raw.received.filter(({ id, result }) => id === 7 && result !== undefined);
      expect(results).toHaveLength(1);
    },
  );

  test('messages before a handshake, in pieces and many at once are served', async () => {
    const raw = start();
    const bytes = Buffer.from(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\r\n\n  \n`,
    );
    for (const byte of bytes) raw.write(Uint8Array.of(byte));
    expect((await raw.next(({ id }) => id === 1)).result).toEqual({});
  });
});

/** Requests that are sent at most, and at once. Their answers are far more than a server keeps for its client. */
const UNREAD_REQUESTS = 200_000;
const UNREAD_AT_ONCE = 1000;
/** Whoever reads at all has taken a message by then. */
const TAKEN_MS = 2000;

/** False when the other side of a pipe takes nothing more. */
async function isTaken(stream: Writable | null): Promise<boolean> {
  const until = performance.now() + TAKEN_MS;
  while ((stream?.writableLength ?? 0) > 0 && performance.now() < until) await pause(1);
  return stream?.writableLength === 0;
}

describe('size', () => {
  test(
    verifies('E2.line', 'a message over the limit is refused once, and costs no memory'),
    async () => {
      const raw = start();
      await raw.initialize();
      const before = residentMb(raw);
      const chunk = Buffer.alloc(1_048_576, 'a');
      for (let sent = 0; sent < 256; sent += 1) {
        raw.write(chunk);
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
      raw.write('\n');
      const next = await raw.ask('next', 'ping');
      expect(next.result).toEqual({});
      const refused = raw.received.filter(({ error }) => error !== undefined);
      expect(refused).toEqual([
        { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'the message is too long' } },
      ]);
      expect(residentMb(raw) - before).toBeLessThan(128);
    },
  );

  test('a message just below the limit is served', async () => {
    const raw = start();
    await raw.initialize();
    const text = 'a'.repeat(MESSAGE_BYTES_MAX - 150);
    const answer = await raw.ask(1, 'tools/call', { name: 'ponder', arguments: { text, ms: 0 } });
    expect(JSON.stringify(answer.result)).toContain('input.invalid');
  });

  test(
    verifies('E2.unread', 'a client that does not read its answers is not read from'),
    async () => {
      const raw = start('--rate-limit', '1000000/1', '--log-level', 'silent');
      await raw.initialize();
      const { stdin, stdout } = raw.process;
      stdout?.pause();
      let sent = 0;
      let taken = true;
      while (taken && sent < UNREAD_REQUESTS) {
        const pings = Array.from({ length: UNREAD_AT_ONCE }, () =>
          JSON.stringify({ jsonrpc: '2.0', id: (sent += 1), method: 'ping' }),
        );
        raw.write(`${pings.join('\n')}\n`);
        taken = await isTaken(stdin);
      }
      // The server has stopped reading, and its memory stays where it is.
      expect(taken).toBe(false);
      expect(sent).toBeLessThan(UNREAD_REQUESTS);
      expect(residentMb(raw)).toBeLessThan(200);
      stdout?.resume();
      expect((await raw.next(({ id }) => id === sent)).result).toBeDefined();
    },
  );
});

describe('the end', () => {
  test(
    verifies('E14.eof', 'E13.cancel', 'when the client goes, the server ends at once with 0'),
    async () => {
      const raw = start();
      await raw.initialize();
      raw.send({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'wait', arguments: { ms: 30_000 } },
      });
      await raw.ask(2, 'ping');
      const started = performance.now();
      expect(await raw.end()).toEqual({ code: 0, signal: null });
      expect(performance.now() - started).toBeLessThan(8000);
      await eventually(raw.stderr, (log) => log.includes('"type":"server.stop"'));
    },
  );

  test.each(['SIGTERM', 'SIGINT'] as const)(
    verifies(
      'E14.signal',
      'on %s a running call is answered, a new one is refused, and the server ends with 0',
    ),
    async (signal) => {
      const raw = start();
      await raw.initialize();
      raw.send({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'wait', arguments: { ms: 400 } },
      });
      await raw.ask('before', 'ping');
      raw.process.kill(signal);
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      const late = await raw.ask(2, 'tools/call', { name: 'echo', arguments: { text: 'a' } });
      expect(JSON.stringify(late)).toContain('server.stopping');
      expect(JSON.stringify(await raw.next(({ id }) => id === 1))).toContain('waited');
      expect(await raw.end()).toEqual({ code: 0, signal: null });
    },
  );

  test(verifies('E14.pipe', 'a pipe that breaks ends the server cleanly'), async () => {
    const raw = start();
    await raw.initialize();
    raw.process.stdout?.destroy();
    for (let id = 0; id < 20; id += 1) raw.send({ jsonrpc: '2.0', id, method: 'ping' });
    expect(await raw.end()).toEqual({ code: 0, signal: null });
    expect(raw.stderr()).not.toMatch(/EPIPE|Error:/);
  });

  test('a client that only probes leaves no trace', async () => {
    const raw = start();
    expect(await raw.end()).toEqual({ code: 0, signal: null });
    expect(raw.stderr()).toBe('');
  });
});

describe('stderr', () => {
  test(
    verifies('C9.never-blocks', 'a client that does not read stderr stops nothing'),
    async () => {
      const raw = start('--rate-limit', '1000000/1');
      raw.process.stderr?.pause();
      await raw.initialize();
      for (let id = 0; id < 3000; id += 1) {
        raw.send({
          jsonrpc: '2.0',
          id,
          method: 'tools/call',
          params: { name: 'echo', arguments: { text: 'a' } },
        });
        if (id % 100 === 0) await raw.next((message) => message.id === id);
      }
      expect((await raw.ask('last', 'ping')).result).toEqual({});
    },
  );
});
