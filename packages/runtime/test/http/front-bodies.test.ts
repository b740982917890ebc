import { connect } from 'node:net';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { until } from '../reload/watching.ts';
import { callBody, startWorld, type World } from './front-world.ts';
import { answersIn, talk } from './wire.ts';

const BODY_MAX = 65_536;
const BODY_MS = 600;

let world: World;
/** The same, with less time for the content. */
let hasty: World;
beforeAll(async () => {
  world = await startWorld({ rules: { bodyBytesMax: BODY_MAX } });
  hasty = await startWorld({ rules: { bodyMs: BODY_MS } });
});
afterAll(() => Promise.all([world.close(), hasty.close()]));

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const CHUNKED = { 'content-length': undefined, 'transfer-encoding': 'chunked' };

/** A call whose message is exactly so long. */
function bodyOf(text: string, bytes: number): string {
  const body = callBody(text);
  return body + ' '.repeat(bytes - body.length);
}

describe('the size of the content', () => {
  test.each([
    ['a length', BODY_MAX, 200],
    ['a length', BODY_MAX + 1, 413],
    ['a length', 1_000_000_000, 413],
  ])(verifies('E2.body', 'by %s of %d bytes is answered with %d'), async (_, bytes, status) => {
    const text = `length ${String(bytes)}`;
    const body = bodyOf(text, Math.min(bytes, BODY_MAX));
    const request = world.call(text, { body, headers: { 'content-length': String(bytes) } });
    const { answers } = await talk(world.port, request, { answers: 1 });
    expect(answers[0]?.status).toBe(status);
    expect(world.ran.includes(text)).toBe(status === 200);
  });

  test.each([
    [BODY_MAX, 1000, 200],
    [BODY_MAX + 1, 1000, 413],
    [BODY_MAX * 4, 30_000, 413],
    [2000, 1, 200],
  ])(
    verifies('E2.body', 'by %d bytes in chunks of %d is answered with %d'),
    async (bytes, size, status) => {
      const text = `chunks ${String(bytes)} ${String(size)}`;
      const body = bodyOf(text, bytes);
      let chunks = '';
      for (let at = 0; at < body.length; at += size) chunks += chunk(body.slice(at, at + size));
      const request = world.call(text, { body: `${chunks}0\r\n\r\n`, headers: CHUNKED });
      const { answers } = await talk(world.port, request, { answers: 1 });
      expect(answers[0]?.status).toBe(status);
      expect(world.ran.includes(text)).toBe(status === 200);
    },
  );

  test('content in chunks of one byte costs no more than its bytes', async () => {
    const chunks = chunk(' ').repeat(BODY_MAX - 1);
    const before = process.memoryUsage().heapUsed;
    const { answers } = await talk(
      world.port,
      world.call('tiny', { body: `${chunks}0\r\n\r\n`, headers: CHUNKED }),
      { answers: 1 },
    );
    expect(answers[0]?.status).toBe(400);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  });
});

test(
  verifies(
    'E2.body',
    'contents of one caller that arrive at the same time take so much memory and no more',
  ),
  async () => {
    const LARGEST = 8;
    const body = bodyOf('held', BODY_MAX).slice(0, -1);
    const headers = { 'content-length': String(BODY_MAX) };
    const sockets = Array.from({ length: LARGEST }, () => {
      const socket = connect(world.port, '127.0.0.1');
      socket.on('error', () => undefined).write(world.call('held', { body, headers }));
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const busy = await talk(world.port, world.call('one more'), { answers: 1 });
    expect(busy.answers[0]?.status).toBe(503);
    expect(busy.answers[0]?.headers.get('retry-after')).toBe('1');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const free = await talk(world.port, world.call('room again'), { answers: 1 });
    expect(free.answers[0]?.status).toBe(200);
    expect(world.ran).not.toContain('one more');
  },
);

test(
  verifies('E2.body', 'room is kept for what is under way, until its answer is taken'),
  async () => {
    // A message takes twice its content, so four of the largest take what one caller has.
    const HELD = 4;
    const message = callBody('room held', { wait: true });
    const body = message + ' '.repeat(BODY_MAX - message.length);
    const sockets = Array.from({ length: HELD }, () => {
      const socket = connect(world.port, '127.0.0.1');
      socket.on('error', () => undefined).write(world.call('', { body }));
      return socket;
    });
    const held = (): number => world.ran.filter((text) => text === 'room held').length;
    await until('they are under way', () => held() === HELD);
    const busy = await talk(world.port, world.call('no room'), { answers: 1 });
    expect(busy.answers[0]?.status).toBe(503);
    for (const socket of sockets) socket.destroy();
    await until('they have ended', () => world.ended.length === HELD);
    const free = await talk(world.port, world.call('room once more'), { answers: 1 });
    expect(free.answers[0]?.status).toBe(200);
    expect(world.ran).not.toContain('no room');
  },
);

describe('what is in the content', () => {
  const big = { note: 'x'.repeat(40_000) };
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [String(7 * at), 0]));
  test.each([
    ['arguments of a tool', 'tools/call', { name: 'note', arguments: { text: 'in it' } }, 200],
    ['large arguments of a resource', 'resources/read', { uri: 'a://b', arguments: big }, 400],
    ['large arguments of a ping', 'ping', { arguments: big }, 400],
    ['large arguments of a prompt', 'prompts/get', { name: 'a', arguments: big }, 400],
    ['thousands of members', 'tools/call', { name: 'note', arguments: many }, 400],
  ])(verifies('E2.body', '%s: %s'), async (_, method, params, status) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const { answers } = await talk(world.port, world.call('', { body }), { answers: 1 });
    expect(answers[0]?.status).toBe(status);
    const isServed = world.admitted.some(({ message }) => JSON.stringify(message) === body);
    expect(isServed).toBe(status === 200);
  });
});

describe('the time of the content', () => {
  test(
    verifies(
      'E2.body',
      'E13.slow',
      'is bounded: a byte now and then ends in 408 and the end of the connection',
    ),
    async () => {
      const whole = callBody('slow');
      const request = hasty.call('slow', {
        body: '',
        headers: { 'content-length': String(whole.length) },
      });
      const pieces = [request, ...whole.slice(0, 60).split('')];
      const started = performance.now();
      const { answers, closed } = await talk(hasty.port, pieces);
      expect(answers[0]?.status).toBe(408);
      expect(closed).toBe(true);
      expect(performance.now() - started).toBeGreaterThan(BODY_MS * 0.9);
      expect(hasty.ran).not.toContain('slow');
    },
  );

  test(
    verifies(
      'E2.body',
      'is no one’s who has not said who it is: the answer comes before any content',
    ),
    async () => {
      const headers = { authorization: undefined, 'content-length': '100' };
      const { answers } = await talk(world.port, world.call('late', { body: '', headers }), {
        answers: 1,
      });
      expect(answers[0]?.status).toBe(401);
      expect(answers[0]?.headers.get('connection')).toBe('close');
    },
  );
});

describe('content that is cut off', () => {
  test.each([
    ['by its length', { 'content-length': '10000' }, callBody('cut')],
    ['in a chunk', CHUNKED, `ffff\r\n${callBody('cut')}`],
    ['before the last chunk', CHUNKED, chunk(callBody('cut'))],
  ])('%s is no request', async (_, headers, body) => {
    const socket = connect(world.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(world.call('cut', { body, headers }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
    await talk(world.port, world.call('after the cut'), { answers: 1 });
    expect(world.ran).toContain('after the cut');
    expect(world.ran).not.toContain('cut');
    // Whoever goes away is no fault of ours, and fills no log.
    expect(world.logged).toEqual([]);
  });
});

describe('a client that asks before it sends', () => {
  test('is told to go on when it is known, and served', async () => {
    const body = callBody('asked');
    const head = world.call('asked', {
      body: '',
      headers: { expect: '100-continue', 'content-length': String(body.length) },
    });
    const { answers } = await talk(world.port, [head, body], { answers: 2 });
    expect(answers.map(({ status }) => status)).toEqual([100, 200]);
    expect(world.ran).toContain('asked');
  });

  test.each([
    ['nobody', { authorization: undefined }, 401],
    ['somebody with too much', { 'content-length': '100000000' }, 413],
    ['somebody with another type', { 'content-type': 'text/plain' }, 415],
  ])(verifies('E2.body', 'is not told so when it is %s'), async (_, more, status) => {
    const headers = { expect: '100-continue', 'content-length': '100', ...more };
    const { answers, raw } = await talk(world.port, world.call('refused', { body: '', headers }), {
      answers: 1,
    });
    expect(answers.map((answer) => answer.status)).toEqual([status]);
    expect(raw).not.toContain('100 Continue');
  });
});

test(
  verifies(
    'E2.body',
    'an upload of a gigabyte by nobody gets its answer, costs no memory, and ends',
  ),
  async () => {
    const GIGABYTE = 1_073_741_824;
    const socket = connect(world.port, '127.0.0.1');
    let raw = '';
    socket.on('data', (data) => void (raw += data.toString('latin1')));
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const headers = { authorization: undefined, 'content-length': String(GIGABYTE) };
    socket.write(world.call('', { body: '', headers }));
    const piece = Buffer.alloc(65_536, 0x20);
    let sent = 0;
    const before = process.memoryUsage().rss;
    let most = before;
    let isOpen = true;
    void closed.then(() => (isOpen = false));
    while (isOpen && sent < GIGABYTE) {
      sent += piece.length;
      if (!socket.write(piece))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
      most = Math.max(most, process.memoryUsage().rss);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(answersIn(raw)[0]?.status).toBe(401);
    expect(sent).toBeLessThan(100_000_000);
    expect(most - before).toBeLessThan(100_000_000);
  },
);
