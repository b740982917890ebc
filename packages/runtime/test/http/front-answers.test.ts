import { connect } from 'node:net';

import type { Verified } from '@secure-mcp/auth';
import { verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { HttpRefusal, refuseHttp } from '../../src/http/refusals.ts';
import { callBody, startBare, startWorld, type World, type WorldOptions } from './front-world.ts';
import { answersIn, talk, type WireAnswer, type WireRequest } from './wire.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

/** The same with other parts. */
async function restart(options: WorldOptions): Promise<void> {
  await world.close();
  world = await startWorld(options);
}

async function ask(changes: WireRequest): Promise<WireAnswer> {
  const { answers } = await talk(world.port, world.request(changes), { answers: 1 });
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

/** A connection that stays open, and what has come over it. */
function open(bytes: string) {
  const socket = connect(world.port, '127.0.0.1');
  const heard = { raw: '', closed: false };
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => void (heard.raw += chunk.toString('latin1')));
  socket.on('close', () => void (heard.closed = true));
  socket.write(bytes);
  return { socket, heard };
}

const GET = { method: 'GET', body: '', headers: { authorization: undefined } };

describe('every answer', () => {
  test.each<readonly [string, WireRequest, number]>([
    ['of a tool', { body: callBody('a') }, 200],
    ['to a notification', { body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' }, 202],
    ['of a document', { ...GET, target: '/healthz' }, 200],
    [
      'to a preflight',
      {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
      },
      204,
    ],
    ['to nobody', { body: callBody('a'), headers: { authorization: undefined } }, 401],
    ['at no path', { target: '/nothing' }, 404],
    ['of a doubled header', { headers: { 'mcp-name': ['a', 'b'] } }, 400],
    [
      'of the SDK, which does not know the method',
      { body: '{"jsonrpc":"2.0","id":1,"method":"no/such"}' },
      200,
    ],
  ])('%s carries the same headers', async (_, changes, status) => {
    const answer = await ask(changes);
    expect(answer.status).toBe(status);
    const { headers } = answer;
    expect(headers.get('cache-control')).toMatch(/^no-store(?:, no-transform)?$/);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.has('strict-transport-security')).toBe(false);
    for (const name of ['server', 'x-powered-by', 'mcp-session-id', 'set-cookie'])
      expect(headers.has(name)).toBe(false);
  });

  test('over TLS says that there will be no other way', async () => {
    await restart({ rules: { secure: true } });
    const answer = await ask({ target: '/nothing' });
    expect(answer.headers.get('strict-transport-security')).toMatch(/^max-age=\d{7,}$/);
  });
});

describe('a refusal', () => {
  test(
    verifies(
      'C1.no-echo',
      'is one sentence and one code of ours, under the id of the request where there is one',
    ),
    async () => {
      const refused = await ask({
        body: '{"jsonrpc":"2.0","id":"seven","method":"tools/call","params":{"name":5,"SECRET":1}}',
      });
      expect(refused.status).toBe(400);
      expect(JSON.parse(refused.body)).toEqual({
        jsonrpc: '2.0',
        id: 'seven',
        error: {
          code: -32_602,
          message: 'The content is not one JSON-RPC message.',
          data: { code: 'http.message', reason: 'name: expected string' },
        },
      });
      const early = await ask({ target: '/SECRET', headers: { 'x-SECRET': 'SECRET' } });
      expect(JSON.parse(early.body)).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: {
          code: -32_600,
          message: 'There is nothing at this path.',
          data: { code: 'http.path' },
        },
      });
      expect(JSON.stringify([world.records, world.logged])).not.toContain('SECRET');
    },
  );

  test.each([
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32_700, 'duplicate key'],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600, 'batches are not supported'],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32_600, 'jsonrpc: one of "2.0"'],
  ])('of %s has the code that JSON-RPC has for it', async (body, code, reason) => {
    const answer = await ask({ body });
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code, data: { reason } } });
  });

  test('says when to come back in whole seconds, rounded up', async () => {
    await restart({
      parts: {
        limits: {
          admitAddress: async () => refuseHttp('http.rate', { retryAfterMs: 1001 }),
          countFailure: async () => undefined,
          countUnanswered: async () => undefined,
          admitPrincipal: async () => undefined,
          admitBytes: async () => undefined,
          enter: () => () => undefined,
        },
      },
    });
    const answer = await ask({});
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(world.records).toMatchObject([
      { type: 'ratelimit.hit', outcome: 'limit', reason: 'http.rate', status: 429 },
    ]);
  });

  test.each([
    ['/mcp', 'POST'],
    ['/healthz', 'GET, HEAD'],
  ])('of a method at %s names those that are answered', async (target, allow) => {
    const answer = await ask({ method: 'DELETE', target, body: '' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test('of HEAD has no content', async () => {
    const { answers, raw, closed } = await talk(
      world.port,
      world.request({ method: 'HEAD', body: '', headers: { connection: 'close' } }),
    );
    expect(answers).toEqual([]);
    expect(raw).toMatch(/^HTTP\/1\.1 405 /);
    expect(raw.endsWith('\r\n\r\n')).toBe(true);
    expect(closed).toBe(true);
  });

  test(
    verifies(
      'C4.required',
      'of a credential carries the challenge, and its record tells who it was, not what it held',
    ),
    async () => {
      const missing = await ask({ headers: { authorization: undefined } });
      expect(missing.headers.get('www-authenticate')).toBe('Bearer');
      const wrong = await ask({ headers: { authorization: 'Bearer SECRET' } });
      expect(wrong.status).toBe(401);
      expect(wrong.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(world.records).toMatchObject([
        { type: 'auth.failure', reason: 'auth.missing', source: { address: '127.0.0.1' } },
        { type: 'auth.failure', reason: 'auth.invalid', detail: 'unknown kind of token' },
      ]);
      expect(JSON.stringify([world.records, world.logged])).not.toContain('SECRET');
    },
  );
});

test('the handshake of 2025 is no method of 2026, and still one of 2025', async () => {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'a', version: '1' },
  };
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize' };
  const old = await ask({ body: JSON.stringify({ ...message, params }) });
  expect(old.status).toBe(200);
  const { headers } = modern('x');
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  const body = JSON.stringify({ ...message, params: { _meta: meta } });
  const gone = await ask({ body, headers: { ...headers, 'mcp-method': 'initialize' } });
  expect(gone.status).toBe(404);
  expect(JSON.parse(gone.body)).toMatchObject({ id: 1, error: { code: -32_601 } });
});

describe('what the SDK refuses by itself', () => {
  const version = '2026-07-28';
  test.each<readonly [string, WireRequest, number, number]>([
    [
      'another name in the header',
      { ...modern('x'), headers: { ...modern('x').headers, 'mcp-name': 'SECRET' } },
      400,
      -32_020,
    ],
    [
      'another method in the header',
      { ...modern('x'), headers: { ...modern('x').headers, 'mcp-method': 'SECRET' } },
      400,
      -32_020,
    ],
    [
      'no header for the method',
      { ...modern('x'), headers: { 'mcp-protocol-version': version } },
      400,
      -32_020,
    ],
    [
      'another version in the header',
      {
        ...modern('x'),
        headers: { ...modern('x').headers, 'mcp-protocol-version': 'SECRET' },
      },
      400,
      -32_020,
    ],
    [
      'a version of before 2026 that never was, in the header',
      { body: callBody('x'), headers: { 'mcp-protocol-version': '2025-01-01-SECRET' } },
      400,
      -32_000,
    ],
    [
      'no such version',
      {
        body: modern('x').body.replaceAll(version, '2099-01-01'),
        headers: {
          'mcp-protocol-version': '2099-01-01',
          'mcp-method': 'tools/call',
          'mcp-name': 'note',
        },
      },
      400,
      -32_022,
    ],
    [
      'an envelope that is none',
      {
        ...modern('x'),
        body: modern('x').body.replace(
          '"io.modelcontextprotocol/clientCapabilities":{}',
          '"io.modelcontextprotocol/clientCapabilities":{"experimental":{"SECRET":5}}',
        ),
      },
      400,
      -32_602,
    ],
    [
      'no such method',
      {
        body: modern('x').body.replace('tools/call', 'SECRET'),
        headers: { 'mcp-protocol-version': version, 'mcp-method': 'SECRET' },
      },
      404,
      -32_601,
    ],
  ])(verifies('C1.no-echo', '%s repeats nothing'), async (_, changes, status, code) => {
    const answer = await ask(changes);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code } });
    expect(answer.body).not.toContain('SECRET');
    expect(world.ran).toEqual([]);
    const detail = expect.stringMatching(new RegExp(`^JSON-RPC ${String(code)}(?:: |$)`));
    expect(world.records).toMatchObject([
      { type: 'http.refused', status, detail, principal: 'key:ada' },
    ]);
    expect(JSON.stringify(world.records)).not.toContain('SECRET');
  });

  test('without the front, the header is repeated', async () => {
    const bare = await startBare();
    const changes = {
      ...modern('x'),
      headers: { ...modern('x').headers, 'mcp-name': 'SECRET' },
    };
    const { answers } = await talk(bare.port, bare.request(changes), { answers: 1 });
    expect(answers[0]?.body).toContain('SECRET');
    await bare.close();
  });
});

describe('documents', () => {
  test('are everybody’s: no credential, whatever the Host and the Origin', async () => {
    const headers = {
      authorization: undefined,
      host: '10.1.2.3:8080',
      origin: 'https://evil.example',
    };
    const answer = await ask({ ...GET, target: '/healthz', headers });
    expect(answer).toMatchObject({ status: 200, body: 'ok\n' });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });

  test('keep the connection, and have no content for HEAD', async () => {
    const bytes = world.request({ ...GET, target: '/healthz' });
    const { answers, closed } = await talk(world.port, [bytes, bytes], { answers: 2 });
    expect(answers).toHaveLength(2);
    expect(closed).toBe(false);
    const head = await talk(
      world.port,
      world.request({ ...GET, method: 'HEAD', target: '/healthz' }),
      { answers: 5, patienceMs: 300 },
    );
    expect(head.raw.endsWith('\r\n\r\n')).toBe(true);
  });

  test('that any page may read can be asked for with the version of the protocol', async () => {
    const target = '/.well-known/oauth-protected-resource';
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'mcp-protocol-version',
    };
    const preflight = await ask({ method: 'OPTIONS', target, body: '', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version');
    const other = await ask({ method: 'OPTIONS', target: '/healthz', body: '', headers });
    expect(other.status).toBe(403);
  });
});

describe('a page', () => {
  const page = (origin: string, more = {}): WireRequest => ({
    method: 'OPTIONS',
    body: '',
    headers: {
      authorization: undefined,
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
      ...more,
    },
  });

  test(
    verifies('E1.exact', 'of a listed origin may send its request, and read the answer'),
    async () => {
      const preflight = await ask(page('https://app.example'));
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(preflight.headers.get('access-control-allow-methods')).toBe('POST');
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
      expect(preflight.headers.get('vary')).toBe('origin');
      expect(preflight.headers.has('access-control-allow-credentials')).toBe(false);
      const served = await ask({
        body: callBody('page'),
        headers: { origin: 'https://app.example' },
      });
      expect(served.status).toBe(200);
      expect(served.headers.get('access-control-allow-origin')).toBe('https://app.example');
      const nobody = await ask({
        headers: { origin: 'https://app.example', authorization: undefined },
      });
      expect(nobody.status).toBe(401);
      expect(nobody.headers.get('access-control-expose-headers')).toContain('www-authenticate');
    },
  );

  test.each(['https://evil.example', 'null', 'http://app.example', 'https://APP.example'])(
    'of %s may not',
    async (origin) => {
      const preflight = await ask(page(origin));
      expect(preflight.status).toBe(403);
      expect(preflight.headers.has('access-control-allow-origin')).toBe(false);
    },
  );

  test(verifies('E1.exact', 'of anywhere may not where no origin is listed'), async () => {
    await restart({ rules: { origins: new Set() } });
    expect((await ask(page('https://app.example'))).status).toBe(403);
    const served = await ask({ body: callBody('no page') });
    expect(served.status).toBe(200);
    expect(served.headers.has('vary')).toBe(false);
  });
});

describe('an error that nobody expected', () => {
  test(
    verifies('C8.reference', 'shows a reference and nothing else; the log has it, too'),
    async () => {
      await restart({
        parts: {
          serveMcp: async () => {
            throw new Error('ENOENT: /srv/SECRET/db.sock');
          },
        },
      });
      const answer = await ask({ body: callBody('x') });
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain('SECRET');
      const { error, id } = JSON.parse(answer.body);
      expect(id).toBe(1);
      expect(error).toMatchObject({
        code: -32_603,
        message: 'Internal error.',
        data: { code: 'internal' },
      });
      expect(world.logged).toMatchObject([
        { message: 'a request failed', fields: { reference: error.data.reference } },
      ]);
      expect(world.records).toMatchObject([
        {
          reason: 'internal',
          outcome: 'error',
          error_ref: error.data.reference,
          principal: expect.any(String),
        },
      ]);
    },
  );

  test('of the authenticator lets nobody in', async () => {
    await restart({
      parts: {
        authenticator: {
          authenticate: async () => {
            throw new Error('broken');
          },
        },
      },
    });
    expect((await ask({ body: callBody('x') })).status).toBe(500);
    expect(world.ran).toEqual([]);
  });

  test('in a stream that has begun cuts it off: half an answer must not look like a whole one', async () => {
    await restart({
      parts: {
        serveMcp: async () => {
          let pulls = 0;
          const body = new ReadableStream({
            async pull(controller) {
              pulls += 1;
              if (pulls === 1) controller.enqueue(Buffer.from('event: message\ndata: {}\n\n'));
              else {
                await new Promise((resolve) => setTimeout(resolve, 100));
                controller.error(new Error('broken'));
              }
            },
          });
          return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        },
      },
    });
    const { answers, raw, closed } = await talk(world.port, world.request({ body: callBody('x') }));
    expect(raw).toContain('data: {}');
    expect(answers).toEqual([]);
    expect(closed).toBe(true);
  });

  test('in the audit trail does not change a refusal', async () => {
    await restart({
      parts: {
        audit: {
          record() {
            throw new Error('disk full');
          },
        },
      },
    });
    expect((await ask({ target: '/nothing' })).status).toBe(404);
    expect(world.logged).toMatchObject([{ message: 'the audit trail cannot be written' }]);
  });
});

describe('what the SDK is given', () => {
  test(verifies('C4.not-passed-on', 'holds no credential'), async () => {
    await ask({
      body: callBody('x'),
      headers: { cookie: 'SECRET', 'proxy-authorization': 'SECRET' },
    });
    expect(world.ran).toEqual(['x']);
    const [admitted] = world.admitted;
    expect(admitted).toBeDefined();
    const told = JSON.stringify([
      [...(admitted?.headers ?? [])],
      admitted?.verified,
      admitted?.message,
    ]);
    expect(told).not.toContain(world.key);
    expect(told).not.toContain('SECRET');
  });
});

describe('an answer under way', () => {
  // Of 2026: a client of 2025 gets a stream at once, in which its answer is the only event.
  const waiting = modern('waiting', { wait: true });

  test(verifies('E13.cancel', 'ends for the tool when the client goes'), async () => {
    const { socket } = open(world.request(waiting));
    await until(() => world.ran.includes('waiting'));
    expect(world.live.size).toBe(1);
    socket.destroy();
    await until(() => world.ended.includes('waiting'));
    await until(() => world.live.size === 0);
    expect(world.answered).toEqual([499]);
  });

  test(
    verifies('C13.ended', 'ends in 401 when its credential is revoked before the answer'),
    async () => {
      const { socket, heard } = open(world.request(waiting));
      await until(() => world.ran.includes('waiting'));
      expect(world.live.endWhere(() => true)).toBe(1);
      await until(() => answersIn(heard.raw).length === 1);
      const [answer] = answersIn(heard.raw);
      expect(answer?.status).toBe(401);
      expect(answer?.headers.get('www-authenticate')).toContain('invalid_token');
      expect(world.live.size).toBe(0);
      socket.destroy();
    },
  );

  test(
    verifies(
      'C13.ended',
      'ends for the tool and without a result when the credential of a client of 2025 is revoked',
    ),
    async () => {
      const { socket, heard } = open(world.request({ body: callBody('old', { wait: true }) }));
      await until(() => world.ran.includes('old'));
      world.live.endWhere(() => true);
      await until(() => answersIn(heard.raw).length === 1);
      await until(() => world.ended.includes('old'));
      expect(answersIn(heard.raw)[0]?.body).toBe('');
      socket.destroy();
    },
  );

  test(
    verifies(
      'C13.ended',
      'does not begin when its credential is revoked while its content is on its way',
    ),
    async () => {
      const bytes = world.call('half');
      const { socket, heard } = open(bytes.slice(0, -5));
      await until(() => world.live.size === 1);
      world.live.endWhere(() => true);
      socket.write(bytes.slice(-5));
      await until(() => answersIn(heard.raw).length === 1);
      expect(answersIn(heard.raw)[0]?.status).toBe(401);
      expect(world.ran).toEqual([]);
      socket.destroy();
    },
  );

  test(
    verifies('C13.ended', 'does not begin when its credential is revoked once it was verified'),
    async () => {
      const verified: Verified = {
        principal: { id: 'key:ada', kind: 'service', scopes: new Set() },
        method: 'api-key',
        expiresAt: Infinity,
      };
      let revoked = false;
      await restart({
        parts: {
          authenticator: {
            async authenticate() {
              // The list changes now: this request is not among the live ones yet.
              revoked = true;
              world.live.endWhere(() => true);
              return { ok: true, verified };
            },
          },
          isRevoked: () => revoked,
        },
      });
      const { status } = await ask({ body: callBody('late') });
      expect(status).toBe(401);
      expect(world.ran).toEqual([]);
      expect(world.live.size).toBe(0);
      expect(world.records).toMatchObject([{ type: 'auth.failure', detail: 'ended under way' }]);
    },
  );

  test('ends in what the server says of its own end', async () => {
    let end: ((reason: Error) => void) | undefined;
    await restart({
      parts: {
        live: {
          open: (_verified, ended) => ((end = ended), () => undefined),
          endWhere: () => 0,
          size: 0,
        },
      },
    });
    const { socket, heard } = open(world.request(waiting));
    await until(() => world.ran.includes('waiting'));
    end?.(new HttpRefusal('http.stopping', { close: true }));
    await until(() => heard.closed);
    expect(answersIn(heard.raw)[0]?.status).toBe(503);
    socket.destroy();
  });
});

describe('a stream', () => {
  /** A stream that goes on for ever, and knows whether it was given up. */
  function endless(piece: string) {
    const state = { pieces: 0, cancelled: false };
    const serveMcp = async (): Promise<Response> => {
      const body = new ReadableStream({
        async pull(controller) {
          state.pieces += 1;
          controller.enqueue(Buffer.from(piece));
          if (piece.length < 1000) await new Promise((resolve) => setTimeout(resolve, 10));
        },
        cancel: () => void (state.cancelled = true),
      });
      return new Response(body, {
        headers: {
          'content-type': 'text/event-stream',
          'x-accel-buffering': 'no',
          'x-powered-by': 'no',
        },
      });
    };
    return { state, serveMcp };
  }

  test('begins with its head at once, before the first event', async () => {
    const serveMcp = async (): Promise<Response> =>
      new Response(new ReadableStream(), {
        headers: {
          'content-type': 'text/event-stream',
          'x-accel-buffering': 'no',
          'x-powered-by': 'no',
        },
      });
    await restart({ parts: { serveMcp } });
    const { socket, heard } = open(world.request({ body: callBody('x') }));
    await until(() => heard.raw.includes('\r\n\r\n'));
    expect(heard.raw).toMatch(/^HTTP\/1\.1 200 /);
    expect(heard.raw).toContain('cache-control: no-store, no-transform');
    expect(heard.raw).toContain('x-accel-buffering: no');
    expect(heard.raw).not.toContain('x-powered-by');
    socket.destroy();
  });

  test('is given up when the client goes', async () => {
    const { state, serveMcp } = endless('data: 1\n\n');
    await restart({ parts: { serveMcp } });
    const { socket, heard } = open(world.request({ body: callBody('x') }));
    await until(() => heard.raw.split('data: 1').length > 3);
    socket.destroy();
    await until(() => state.cancelled);
    await until(() => world.live.size === 0);
    expect(world.answered).toEqual([200]);
  });

  test(
    verifies(
      'C13.ended',
      'ends within a second when its credential is revoked, between two events',
    ),
    async () => {
      const { state, serveMcp } = endless('data: 1\n\n');
      await restart({ parts: { serveMcp } });
      const { socket, heard } = open(world.request({ body: callBody('x') }));
      await until(() => heard.raw.split('data: 1').length > 3);
      const revoked = performance.now();
      world.live.endWhere(() => true);
      await until(() => answersIn(heard.raw).length === 1);
      expect(performance.now() - revoked).toBeLessThan(1000);
      expect(state.cancelled).toBe(true);
      expect(answersIn(heard.raw)[0]?.body).toMatch(/^(?:data: 1\n\n)+$/);
      socket.destroy();
    },
  );

  test(
    verifies('E13.slow', 'to a client that does not read is not read on, and ends'),
    async () => {
      const { state, serveMcp } = endless('x'.repeat(65_536));
      await restart({ parts: { serveMcp }, rules: { unreadMs: 1500 } });
      const { socket, heard } = open(world.request({ body: callBody('x') }));
      socket.pause();
      await until(() => state.pieces > 10);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { pieces } = state;
      await new Promise((resolve) => setTimeout(resolve, 300));
      // Some megabytes are with the kernel, and none follow.
      expect(state.pieces).toBe(pieces);
      await until(() => state.cancelled);
      await until(() => world.live.size === 0);
      expect(heard.closed).toBe(false);
      socket.destroy();
    },
  );
});

test(
  verifies(
    'E13.slow',
    'a large answer to a client that does not read is cut off, and its place is free',
  ),
  async () => {
    await restart({ rules: { unreadMs: 500 } });
    const { socket } = open(world.request({ body: callBody('large', { size: 20_000_000 }) }));
    socket.pause();
    await until(() => world.ran.includes('large'));
    await until(() => world.live.size === 0);
    socket.destroy();
    await until(() => world.answered.length === 1);
    expect(world.answered).toEqual([200]);
  },
);

test('a large answer to a client that reads arrives whole', async () => {
  const answer = await ask({ body: callBody('large', { size: 5_000_000 }) });
  expect(answer.status).toBe(200);
  expect(answer.body.length).toBeGreaterThan(5_000_000);
});

test('the metrics hear of every answer', async () => {
  await ask({ body: callBody('a') });
  await ask({ target: '/nothing' });
  await ask({ ...GET, target: '/healthz' });
  await until(() => world.answered.length === 3);
  expect(world.answered).toEqual([200, 404, 200]);
});

/** A call as a client of 2026 writes it. */
function modern(
  text: string,
  more: Readonly<Record<string, unknown>> = {},
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const version = '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: 'note', arguments: { text, ...more }, _meta: meta };
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    headers: { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': 'note' },
  };
}
