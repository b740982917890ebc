import { once } from 'node:events';
import { Agent } from 'node:http';
import { BlockList } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { afterEach, describe, expect, test } from 'vitest';

import { until } from '../reload/watching.ts';
import { dial, get, type Listening, NO_RULES, startListening } from './listening.ts';

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (one) => one.close()));
});

async function start(...args: Parameters<typeof startListening>): Promise<Listening> {
  const listening = await startListening(...args);
  open.push(listening);
  return listening;
}

function listOf(...addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) list.addAddress(address);
  return list;
}

let attached = 0;
/** A connection of some address, which this machine could not connect from. */
function attach({ server }: Listening['listener'], remoteAddress: string) {
  let said = '';
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, taken) {
      said += chunk.toString('latin1');
      taken();
    },
  });
  attached += 1;
  const destroySoon = (): void => void socket.destroy();
  const peer = { remoteAddress, remotePort: attached, destroySoon };
  server.emit('connection', Object.assign(socket, peer));
  socket.on('error', () => undefined);
  return { socket, said: () => said };
}

describe('what is no request', () => {
  test('gets one fixed answer and nothing of itself', async () => {
    const { port, dropped } = await start();
    const wire = dial(port);
    wire.socket.write('MARKER nonsense\r\n\r\n');
    const text = await wire.closed;
    expect(text.startsWith('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n')).toBe(true);
    expect(text).not.toContain('MARKER');
    expect(dropped).toEqual(['malformed']);
  });

  test.each([
    ['a tunnel to open', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an expectation of its own', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n'],
  ])('%s ends the connection without a word', async (_, bytes) => {
    const { port, dropped } = await start();
    const wire = dial(port);
    wire.socket.write(bytes);
    await expect(wire.closed).resolves.toBe('');
    expect(dropped).toEqual(['malformed']);
  });

  test.each([
    [
      'headers of more than 16 KiB',
      `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
    ],
    ['two Hosts, folded', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\nX: y\r\n z\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s: no answer of ours', async (_, bytes) => {
    let answered = 0;
    const { port } = await start({
      answer: (_request, response) => {
        answered += 1;
        response.end();
      },
    });
    const wire = dial(port);
    wire.socket.write(bytes);
    const text = await wire.closed;
    expect(text).not.toContain('200');
    expect(answered).toBe(0);
  });

  test('a protocol to change to is left alone, and the request answered', async () => {
    const { port, dropped } = await start();
    const wire = dial(port);
    const lines = ['GET /up HTTP/1.1', 'Host: a', 'Upgrade: h2c', 'Connection: Upgrade, close'];
    wire.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await expect(wire.closed).resolves.toMatch(/^HTTP\/1\.1 200 [^]*hello \/up$/);
    expect(dropped).toEqual([]);
  });

  test('does not break into an answer that is under way', async () => {
    const { port } = await start({
      answer: (_request, response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('half ');
      },
    });
    const wire = dial(port);
    wire.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the first half', () => wire.text.endsWith('half '));
    wire.socket.write('MARKER nonsense\r\n\r\n');
    const text = await wire.closed;
    expect(text.endsWith('half ')).toBe(true);
  });
});

describe('time', () => {
  test(
    verifies('E13.slow', 'a connection that says nothing, or little and slowly, is closed'),
    async () => {
      let answered = 0;
      const { port, dropped } = await start({
        limits: { headersMs: 500, requestMs: 1000 },
        answer: (request, response) => {
          request.resume().once('end', () => {
            answered += 1;
            response.end();
          });
        },
      });
      const silent = dial(port);
      const slow = dial(port);
      const half = dial(port);
      half.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab');
      const bytes = `GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ${'x'.repeat(1000)}`.split('');
      const drip = setInterval(() => slow.socket.write(bytes.shift() ?? ''), 100);
      await Promise.all([silent.closed, slow.closed, half.closed]);
      clearInterval(drip);
      expect(answered).toBe(0);
      expect(dropped).toEqual(['slow', 'slow', 'slow']);
    },
  );

  test('an idle connection is closed', async () => {
    const { port } = await start({ limits: { keepAliveMs: 200 } });
    const wire = dial(port);
    wire.socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect(wire.closed).resolves.toContain('hello /a');
  });

  test('a connection ends after so many requests', async () => {
    const { port } = await start({ limits: { requestsPerConnectionMax: 3 } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    for (let sent = 0; sent < 6; sent += 1) {
      const { localPort } = await get(port, { agent });
      ports.add(localPort);
    }
    expect(ports.size).toBe(2);
    const wire = dial(port);
    wire.socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
    const text = await wire.closed;
    expect(text.split('hello /a').length - 1).toBeLessThanOrEqual(3);
    agent.destroy();
  });
});

describe('who may connect', () => {
  test.each([
    ['an address that is allowed', ['127.0.0.1'], undefined, true],
    ['an address that is not', ['192.0.2.1'], undefined, false],
    ['a proxy, whoever is allowed', ['192.0.2.1'], ['127.0.0.1'], true],
    ['nobody, when none is allowed', [], undefined, false],
  ])('%s', async (_, allow, proxies, isServed) => {
    const { port, dropped } = await start({
      addresses: { allow: listOf(...allow), proxies: proxies && listOf(...proxies) },
    });
    const wire = dial(port);
    wire.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const text = await wire.closed;
    expect(text.includes('hello')).toBe(isServed);
    expect(dropped).toEqual(isServed ? [] : ['address']);
  });

  test(verifies('E13.slow', 'one address cannot take all places'), async () => {
    const { port, dropped, listener } = await start({
      limits: { connectionsPerAddressMax: 8, connectionsMax: 12 },
    });
    const flood = Array.from({ length: 40 }, () => dial(port));
    await until('the flood is held back', () => dropped.length === 32);
    expect(listener.sockets.size).toBe(8);
    // Another address of this machine.
    const other = await get(port, { localAddress: '127.0.0.2' });
    expect(other.body).toBe('hello /');
    // A place that is given back can be taken again.
    for (const { socket } of flood) socket.destroy();
    await until('the places are free', () => listener.sockets.size === 0);
    const again = await get(port);
    expect(again.body).toBe('hello /');
  });

  test(
    verifies('E13.slow', 'when all places are taken, who has said nothing for longest makes room'),
    async () => {
      const { port, dropped, listener } = await start({ limits: { connectionsMax: 4 } });
      const post = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
      const served = attach(listener, '192.0.2.1');
      served.socket.push(post('/a'));
      await until('it is served', () => served.said().endsWith('hello /a'));
      const silent = [2, 3, 4].map((last) => attach(listener, `192.0.2.${String(last)}`));
      expect(listener.sockets.size).toBe(4);
      const next = attach(listener, '192.0.2.5');
      next.socket.push(post('/b'));
      await until('it is served, too', () => next.said().endsWith('hello /b'));
      expect(silent.map(({ socket }) => socket.destroyed)).toEqual([true, false, false]);
      expect(served.socket.destroyed).toBe(false);
      expect(dropped).toEqual(['full']);
      // Who watches over the server from this machine gets through.
      expect((await get(port)).body).toBe('hello /');
      expect(dropped).toEqual(['full']);
    },
  );

  test('a proxy has all places, and no more than there are', async () => {
    const { port, dropped, listener } = await start({
      addresses: { ...NO_RULES, proxies: listOf('127.0.0.1') },
      limits: { connectionsPerAddressMax: 2, connectionsMax: 6 },
    });
    const wires = Array.from({ length: 9 }, () => dial(port));
    await until('the rest is dropped', () => dropped.length === 3);
    expect(dropped).toEqual(['full', 'full', 'full']);
    expect(listener.sockets.size).toBe(6);
    for (const { socket } of wires) socket.destroy();
  });
});

test('a client that goes away is counted as nothing', async () => {
  const { port, dropped, listener } = await start();
  const wire = dial(port);
  wire.socket.write('GET / HTT');
  await until('it is there', () => listener.sockets.size === 1);
  wire.socket.resetAndDestroy();
  await until('it is gone', () => listener.sockets.size === 0);
  expect(dropped).toEqual([]);
});

test('all headers reach the front, however many', async () => {
  let seen = 0;
  const { port } = await start({
    answer: (request, response) => {
      seen = request.rawHeaders.length / 2;
      response.end();
    },
  });
  const wire = dial(port);
  wire.socket.write(
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'a:\r\n'.repeat(3000)}\r\n`,
  );
  await wire.closed;
  expect(seen).toBe(3002);
});

test('a client that asks before it sends is not told to go on by itself', async () => {
  const { port } = await start({
    answer: (request, response) => {
      response.writeHead(401, { connection: 'close' }).end();
      request.resume();
    },
  });
  const wire = dial(port);
  wire.socket.write(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  const text = await wire.closed;
  expect(text.startsWith('HTTP/1.1 401')).toBe(true);
});

test('a port that is taken is an error, not a wait', async () => {
  const { port } = await start();
  const { listener } = await start();
  listener.server.close();
  await once(listener.server, 'close');
  await expect(listener.listen({ host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE');
  open.pop();
  await wait(0);
});
