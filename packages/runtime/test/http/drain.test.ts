import { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { afterEach, describe, expect, test } from 'vitest';

import { closeGracefully, type DrainOptions } from '../../src/http/drain.ts';
import { until } from '../reload/watching.ts';
import { dial, get, keepingPlainAgent, type Listening, startListening } from './listening.ts';

const open: Listening[] = [];
afterEach(async () => {
  for (const { listener } of open.splice(0)) {
    listener.sockets.destroy();
    if (listener.server.listening) listener.server.close();
  }
});

/** A server whose answers a test ends by hand, and what happened on it, in order. */
interface Draining extends Listening {
  readonly happened: string[];
  /** Ends the answers of a path. */
  end(path: string): void;
  drain(options?: Partial<DrainOptions>): Promise<boolean>;
}

async function start(options: Parameters<typeof startListening>[0] = {}): Promise<Draining> {
  const happened: string[] = [];
  const held: { readonly path: string; end(): void }[] = [];
  const listening = await startListening({
    limits: { keepAliveMs: 60_000 },
    answer: ({ url: path = '' }, response) => {
      happened.push(`began ${path}`);
      if (path === '/quick') response.end('quick');
      if (path === '/stream') response.write('data: 1\n\n');
      held.push({ path, end: () => void response.end(`ended ${path}`) });
      response.once('close', () => happened.push(`closed ${path}`));
    },
    ...options,
  });
  open.push(listening);
  const end = (path: string): void => {
    for (const one of held) if (one.path === path) one.end();
  };
  return {
    ...listening,
    happened,
    end,
    drain: (given = {}) =>
      closeGracefully(listening.listener, {
        drainMs: 20_000,
        onDraining: () => happened.push('draining'),
        streams: () => 0,
        endStreams: () => void happened.push('end streams'),
        hard: new AbortController().signal,
        ...given,
      }),
  };
}

test(
  verifies('E4.replaced', 'a connection that was to close serves nothing that comes after that'),
  async () => {
    const { listener, happened } = await start();
    const taken: (() => void)[] = [];
    const socket = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => void taken.push(done),
    });
    const destroySoon = (): void => void socket.destroy();
    const peer = { remoteAddress: '127.0.0.1', remotePort: 1, destroySoon };
    listener.server.emit('connection', Object.assign(socket, peer));
    socket.on('error', () => undefined);
    socket.push('GET /quick HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the answer is written', () => taken.length > 0);
    listener.sockets.retire();
    // Its answer is not taken yet, so the connection still stands.
    expect(socket.destroyed).toBe(false);
    socket.push('GET /later HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it is closed', () => socket.destroyed);
    expect(happened).not.toContain('began /later');
  },
);

/** How a request ended that gets no whole answer. */
async function endOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'answered';
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

describe('the end of a server', () => {
  test(
    verifies('E14.drain', 'answers calls under way, ends streams after them, and takes nobody new'),
    async () => {
      const server = await start();
      const { port, happened, listener } = server;
      const agent = keepingPlainAgent();
      await get(port, { path: '/quick', agent });
      const calls = [get(port, { path: '/one' }), get(port, { path: '/two' })];
      const stream = get(port, { path: '/stream' });
      await until('all are there', () => listener.sockets.busy === 3);
      happened.length = 0;
      const drained = server.drain({
        streams: () => 1,
        endStreams() {
          happened.push('end streams');
          server.end('/stream');
        },
      });
      await expect(get(port, { path: '/late' })).rejects.toThrow('ECONNREFUSED');
      await until('the idle one is closed', () => listener.sockets.size === 3);
      server.end('/one');
      await wait(200);
      expect(happened).not.toContain('end streams');
      server.end('/two');
      const answers = await Promise.all([...calls, stream]);
      expect(answers.map(({ body }) => body)).toEqual([
        'ended /one',
        'ended /two',
        'data: 1\n\nended /stream',
      ]);
      expect(answers[0]?.headers.connection).toBe('close');
      await expect(drained).resolves.toBe(true);
      expect(happened).toEqual([
        'draining',
        'closed /one',
        'closed /two',
        'end streams',
        'closed /stream',
      ]);
      expect(listener.sockets.size).toBe(0);
      agent.destroy();
    },
  );

  test('waits for a slow call no longer than it may', async () => {
    const server = await start();
    const call = get(server.port, { path: '/one' });
    const cut = endOf(call);
    await until('it is there', () => server.listener.sockets.busy === 1);
    await expect(server.drain({ drainMs: 200 })).resolves.toBe(false);
    await expect(cut).resolves.toBe('socket hang up');
    expect(server.happened).toContain('end streams');
  });

  test('gives the calls that it cuts off the time to say so', async () => {
    const server = await start();
    const call = get(server.port, { path: '/one' });
    await until('it is there', () => server.listener.sockets.busy === 1);
    const drained = server.drain({ drainMs: 100, endStreams: () => server.end('/one') });
    await expect(drained).resolves.toBe(false);
    await expect(call).resolves.toMatchObject({ body: 'ended /one' });
  });

  test('waits for nothing any more when it is told so', async () => {
    const server = await start();
    const hard = new AbortController();
    const call = get(server.port, { path: '/one' });
    const cut = endOf(call);
    await until('it is there', () => server.listener.sockets.busy === 1);
    const began = performance.now();
    // Streams that never end do not hold it either.
    const endStreams = (): Promise<void> => new Promise(() => undefined);
    const drained = server.drain({ drainMs: 600_000, endStreams, hard: hard.signal });
    await wait(100);
    hard.abort();
    await expect(drained).resolves.toBe(false);
    await expect(cut).resolves.toBe('socket hang up');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('is not held by streams that do not end, nor by who ends them', async () => {
    const server = await start();
    const stream = get(server.port, { path: '/stream' });
    const cut = endOf(stream);
    await until('it is there', () => server.listener.sockets.busy === 1);
    const endStreams = async (): Promise<void> => {
      await Promise.reject(new Error('cannot'));
    };
    await expect(server.drain({ streams: () => 1, endStreams })).resolves.toBe(false);
    await expect(cut).resolves.toBe('aborted');
  });

  test(verifies('E14.drain', 'does not cut an answer that is still on its way'), async () => {
    const server = await start({
      answer: (_request, response) => void response.end(Buffer.alloc(50_000_000, 'x')),
    });
    const slow = dial(server.port);
    slow.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    slow.socket.pause();
    await until('the answer is on its way', () => server.listener.sockets.busy === 1);
    const drained = server.drain();
    await wait(200);
    slow.socket.resume();
    const text = await slow.closed;
    expect(text.length).toBeGreaterThan(50_000_000);
    await expect(drained).resolves.toBe(true);
  });

  test(
    verifies('E14.drain', 'is not held by who does not read the answer, or sends half a request'),
    async () => {
      const server = await start({
        answer: (_request, response) => void response.end(Buffer.alloc(50_000_000)),
      });
      const deaf = dial(server.port);
      deaf.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      deaf.socket.pause();
      const half = dial(server.port);
      half.socket.write('GET / HTT');
      await until('both are there', () => server.listener.sockets.size === 2);
      await until('an answer is under way', () => server.listener.sockets.busy === 1);
      await expect(server.drain({ drainMs: 300 })).resolves.toBe(false);
      deaf.socket.destroy();
      await half.closed;
      expect(half.text).toBe('');
    },
  );

  test('is noticed by a load balancer before it happens, where the operator says so', async () => {
    const server = await start();
    const drained = server.drain({ noticeMs: 1500 });
    const answer = await get(server.port, { path: '/quick' });
    expect(answer.body).toBe('quick');
    expect(server.happened[0]).toBe('draining');
    await expect(drained).resolves.toBe(true);
  });

  test('of one that has nothing to do comes at once', async () => {
    const server = await start();
    await expect(server.drain()).resolves.toBe(true);
  });
});
