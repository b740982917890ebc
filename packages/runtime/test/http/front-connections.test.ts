import { Duplex } from 'node:stream';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Bare, callBody, startBare, startWorld, type World } from './front-world.ts';
import { until } from '../reload/watching.ts';
import { talk } from './wire.ts';

let world: World;
let bare: Bare;
beforeAll(async () => {
  [world, bare] = await Promise.all([startWorld(), startBare()]);
});
afterAll(() => Promise.all([world.close(), bare.close()]));

/** A request of nobody whose content is the beginning of a request of somebody. */
function smuggled(to: Bare, text: string): string {
  const outer = to.call('outer', {
    headers: {
      authorization: undefined,
      'transfer-encoding': 'gzip, chunked',
      'content-length': undefined,
    },
    body: '0\r\n\r\n',
  });
  return `${outer}${to.call(text)}`;
}

async function settled(to: Bare): Promise<void> {
  await talk(to.port, to.call('settled'), { answers: 1 });
}

describe('what follows a refused request on its connection', () => {
  test('is served without the front: a smuggled request runs', async () => {
    await talk(bare.port, smuggled(bare, 'smuggled'), { answers: 2 });
    expect(bare.ran).toContain('smuggled');
  });

  test(verifies('C10.requests', 'is not served behind it'), async () => {
    const { answers, closed } = await talk(world.port, smuggled(world, 'smuggled'));
    await settled(world);
    expect(world.ran).not.toContain('smuggled');
    expect(answers.length).toBeLessThanOrEqual(1);
    expect(closed).toBe(true);
  });

  test.each([
    ['an unknown framing', { 'transfer-encoding': 'gzip, chunked', 'content-length': undefined }],
    ['a header that came twice', { 'mcp-name': ['a', 'b'] }],
  ])('is not served after %s, also when it comes later', async (_, headers) => {
    const first = world.call('first', { headers, body: '0\r\n\r\n' });
    const { closed } = await talk(world.port, [first, world.call(`later ${_}`)]);
    await settled(world);
    expect(world.ran).not.toContain(`later ${_}`);
    expect(closed).toBe(true);
  });
});

test(
  verifies(
    'C10.requests',
    'what comes while the refusal before it is still on its way is not served',
  ),
  async () => {
    const SLOW_MS = 600;
    let said = '';
    // A connection that takes its time with what is written, as one over TLS does: the answer has ended
    // for us, and not left yet.
    const slow = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, taken) {
        said += chunk.toString('latin1');
        setTimeout(taken, SLOW_MS);
      },
    });
    world.server.emit('connection', Object.assign(slow, { remoteAddress: '127.0.0.1' }));
    slow.on('error', () => undefined);
    slow.push(world.call('refused', { headers: { 'mcp-name': ['a', 'b'] } }));
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS / 3));
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    slow.push(world.call('behind'));
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS / 3));
    await settled(world);
    expect(world.ran).not.toContain('refused');
    expect(world.ran).not.toContain('behind');
    slow.destroy();
  },
);

/** A connection whose answers are written, and not taken until `take` is called. */
function unreadConnection(to: World) {
  let said = '';
  const held: (() => void)[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, taken) {
      said += chunk.toString('latin1');
      held.push(taken);
    },
  });
  to.server.emit('connection', Object.assign(socket, { remoteAddress: '127.0.0.1' }));
  socket.on('error', () => undefined);
  return {
    socket,
    said: () => said,
    take: () => {
      for (const taken of held.splice(0)) taken();
    },
  };
}

describe('behind an answer that its client has not taken', () => {
  test(verifies('C10.requests', 'one request waits, and no other one is served'), async () => {
    const { socket, said } = unreadConnection(world);
    socket.push(world.call('unread first'));
    await until('the answer has begun', () => said().includes('200 OK'));
    await settled(world);
    for (const text of ['unread second', 'unread third', 'unread fourth']) {
      socket.push(world.call(text));
      await settled(world);
    }
    expect(world.ran.filter((text) => text.startsWith('unread'))).toEqual(['unread first']);
    expect(socket.destroyed).toBe(true);
  });

  test('the one that waits is served once the answer is taken', async () => {
    const { socket, said, take } = unreadConnection(world);
    socket.push(world.call('taken first'));
    await until('the answer has begun', () => said().includes('200 OK'));
    await settled(world);
    socket.push(world.call('taken second'));
    await settled(world);
    expect(world.ran).not.toContain('taken second');
    const taking = setInterval(take, 5);
    await until('the second answer is written', () => said().includes('noted taken second'));
    clearInterval(taking);
    socket.destroy();
  });
});

test(
  verifies('C13.ended', 'what is left of an answer is not sent once its credential has ended'),
  async () => {
    const { socket, said, take } = unreadConnection(world);
    socket.push(world.call('revoked'));
    await until('the answer has begun', () => said().includes('200 OK'));
    await settled(world);
    expect(world.live.endWhere(() => true)).toBe(1);
    await until('the connection is cut', () => socket.destroyed);
    take();
    await settled(world);
    expect(world.ran).toContain('revoked');
    expect(said()).not.toContain('noted revoked');
  },
);

test.each([
  ['no Host', 'POST /mcp HTTP/1.1'],
  ['another version', 'POST /mcp HTTP/2.0\r\nHost: HOST'],
  ['another version yet', 'POST /mcp HTTP/1.2\r\nHost: HOST'],
])(verifies('C10.requests', 'behind a request with %s nothing is served'), async (_, head) => {
  const text = `behind ${_}`;
  const first = `${head.replace('HOST', `127.0.0.1:${String(world.port)}`)}\r\nContent-Length: 0\r\n\r\n`;
  const { answers, closed } = await talk(world.port, first + world.call(text));
  await settled(world);
  // The end of the connection can be faster than the answer.
  expect(answers.every(({ status }) => status === 400)).toBe(true);
  expect(world.ran).not.toContain(text);
  expect(closed).toBe(true);
});

test('a request of another version of HTTP gets no answer of a tool', async () => {
  const { answers } = await talk(world.port, world.call('version two', { version: '2.0' }));
  await settled(world);
  expect(answers.map(({ status }) => status)).toEqual([400]);
  expect(world.ran).not.toContain('version two');
});

describe('several requests at once on a connection', () => {
  test('are served without the front', async () => {
    await talk(bare.port, bare.call('one') + bare.call('two'), { answers: 2 });
    expect(bare.ran).toEqual(expect.arrayContaining(['one', 'two']));
  });

  test(
    verifies('C10.requests', 'get one answer, one refusal, and the end of the connection'),
    async () => {
      const bytes = ['p1', 'p2', 'p3'].map((text) => world.call(text)).join('');
      const { answers, closed } = await talk(world.port, bytes);
      await settled(world);
      expect(world.ran).not.toContain('p2');
      expect(world.ran).not.toContain('p3');
      expect(
        answers.map(({ status }) => status).filter((status) => status === 200).length,
      ).toBeLessThanOrEqual(1);
      expect(closed).toBe(true);
    },
  );

  test(
    verifies(
      'C10.requests',
      'a second request under a refused first one is not served with either identity',
    ),
    async () => {
      const first = world.call('nobody', { headers: { authorization: undefined } });
      const { answers, closed } = await talk(world.port, first + world.call('pipelined'));
      await settled(world);
      expect(world.ran).not.toContain('nobody');
      expect(world.ran).not.toContain('pipelined');
      expect(answers.map(({ status }) => status)).not.toContain(200);
      expect(closed).toBe(true);
    },
  );
});

test('requests one after another share a connection, and each is judged by its own credential', async () => {
  const pieces: string[] = [];
  for (const [text, key] of [
    ['k1', world.key],
    ['k2', 'Bearer evil'],
    ['k3', world.key],
  ] as const)
    pieces.push(world.call(text, { headers: { authorization: `Bearer ${key}` } }));
  const { answers, closed } = await talk(world.port, pieces, { answers: 3 });
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 200]);
  expect(closed).toBe(false);
  expect(world.ran).not.toContain('k2');
});

test('requests without end over one connection get their own answers, in order', async () => {
  const { connect } = await import('node:net');
  const socket = connect(world.port, '127.0.0.1');
  const { answersIn } = await import('./wire.ts');
  for (let turn = 0; turn < 300; turn += 1) {
    let raw = '';
    const answered = new Promise<void>((resolve) => {
      const onData = (chunk: Buffer): void => {
        raw += chunk.toString('latin1');
        if (answersIn(raw).length === 0) return;
        socket.off('data', onData);
        resolve();
      };
      socket.on('data', onData);
    });
    socket.write(world.call(`turn ${String(turn)}`, { body: callBody(`turn ${String(turn)}`) }));
    await answered;
    const [answer] = answersIn(raw);
    expect(answer?.status).toBe(200);
    expect(answer?.body).toContain(`noted turn ${String(turn)}"`);
  }
  socket.destroy();
});
