import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { connect as connectTls } from 'node:tls';

import type { Authenticator, SingleUse } from '@secure-mcp/auth';
import {
  createAuthenticator,
  createDpopVerifier,
  createRevocations,
  hashApiKey,
  type KeyFile,
  mintApiKey,
  parseKeyFile,
} from '@secure-mcp/auth/network';
import { createTestAuthority, type TestCertificate, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Rate } from '../../src/call/limits.ts';
import type { FrontLimits } from '../../src/http/front-parts.ts';
import { createFrontLimits } from '../../src/http/limits.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { callBody, startWorld, type World, type WorldOptions } from './front-world.ts';
import { answersIn, talk } from './wire.ts';

/** Long enough to connect with it on a machine that is busy. */
const SHORT_MS = 4000;
const MANY = { calls: 1_000_000, seconds: 1 };

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

async function restart(options: WorldOptions): Promise<void> {
  await world.close();
  world = await startWorld(options);
}

/** Limits of which only that of failures is ever met. */
function failing(store: Store, failureRate: Rate): FrontLimits {
  return createFrontLimits({
    store,
    addressRate: MANY,
    failureRate,
    messageRate: MANY,
    placesMax: 10,
  });
}

/** Keys that one address comes with: one is good, and two were. */
function keysOfOffice() {
  const minted = { expired: mintApiKey(), revoked: mintApiKey(), good: mintApiKey() };
  const at = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  const entry = ({ id, text }: { readonly id: string; readonly text: string }, more: object) => ({
    id,
    sha256: hashApiKey(text).toString('hex'),
    principal: 'ada',
    scopes: ['notes:write'],
    ...more,
  });
  const parsed = parseKeyFile(
    {
      version: 1,
      keys: [
        entry(minted.good, { expiresAt: at(1) }),
        entry(minted.expired, { expiresAt: at(-1) }),
        entry(minted.revoked, { expiresAt: at(1), revokedAt: at(-1) }),
      ],
    },
    Date.now(),
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  const { expired, revoked, good } = minted;
  return { expired: expired.text, revoked: revoked.text, good: good.text, file: parsed.file };
}

function authenticatorFor(file: KeyFile, singleUse: SingleUse): Authenticator {
  return createAuthenticator({
    verifiers: [],
    keys: () => file,
    dpop: createDpopVerifier({ resource: 'https://127.0.0.1/mcp', singleUse, now: Date.now }),
    revocations: () => createRevocations([]),
    requireSenderConstrained: false,
    now: Date.now,
  });
}

describe('credentials that are not accepted', () => {
  test(
    verifies(
      'C12.failures',
      'make their address wait, whatever of this kind it presents then, and only that address',
    ),
    async () => {
      const store = memoryStore();
      const limits = failing(store, { calls: 3, seconds: 60 });
      const { BlockList } = await import('node:net');
      const proxies = new BlockList();
      proxies.addAddress('127.0.0.1');
      await restart({ parts: { limits }, rules: { addresses: { allow: undefined, proxies } } });
      const from = async (address: string, token: string): Promise<number | undefined> => {
        const headers = { 'x-forwarded-for': address, authorization: `Bearer ${token}` };
        const { answers } = await talk(world.port, world.call(`${address} ${token}`, { headers }), {
          answers: 1,
        });
        return answers[0]?.status;
      };
      for (let guess = 0; guess < 3; guess += 1) expect(await from('192.0.2.1', 'guess')).toBe(401);
      expect(await from('192.0.2.1', 'guess')).toBe(429);
      expect(await from('::ffff:192.0.2.1', 'guess')).toBe(429);
      expect(await from('192.0.2.2', world.key)).toBe(200);
      expect(await from('192.0.2.2', 'guess')).toBe(401);
      // A neighbour in the same /64 is the same attacker.
      for (let guess = 0; guess < 3; guess += 1)
        expect(await from(`2001:db8::${String(guess)}`, 'guess')).toBe(401);
      expect(await from('2001:db8::ffff', 'guess')).toBe(429);
      expect(await from('2001:db8:0:1::1', 'guess')).toBe(401);
      // A key is no guess: who shares an address with a stranger is not locked out by him.
      expect(await from('192.0.2.1', world.key)).toBe(200);
      expect(await from('192.0.2.1', mintApiKey().text)).toBe(429);
      await store.close();
    },
  );

  test(
    verifies(
      'C12.failures',
      'do not count when they were good once: whole offices stand behind one address',
    ),
    async () => {
      const store = memoryStore();
      const limits = failing(store, { calls: 20, seconds: 60 });
      const { expired, revoked, good, file } = keysOfOffice();
      await restart({ parts: { limits, authenticator: authenticatorFor(file, store) } });
      const statusOf = async (token: string): Promise<number | undefined> => {
        const headers = { authorization: `Bearer ${token}` };
        const { answers } = await talk(world.port, world.call('x', { headers }), { answers: 1 });
        return answers[0]?.status;
      };
      for (let time = 0; time < 50; time += 1)
        for (const token of [expired, revoked]) expect(await statusOf(token)).toBe(401);
      expect(await statusOf(good)).toBe(200);
      for (let guess = 0; guess < 20; guess += 1)
        expect(await statusOf(mintApiKey().text)).toBe(401);
      expect(await statusOf(mintApiKey().text)).toBe(429);
      await store.close();
    },
  );

  test(
    verifies(
      'C12.failures',
      'do not lock out what was accepted a moment ago, and nothing else is looked at',
    ),
    async () => {
      const store = memoryStore();
      const limits = failing(store, { calls: 3, seconds: 60 });
      const seen: (string | undefined)[] = [];
      const revoked = new Set<string>();
      const authenticator: Authenticator = {
        async authenticate({ authorization = '' }) {
          seen.push(authorization);
          const isGood = authorization.startsWith('Bearer good') && !revoked.has(authorization);
          const principal = { id: 'user:ada', kind: 'user', scopes: new Set<string>() } as const;
          return isGood
            ? { ok: true, verified: { principal, method: 'introspection', expiresAt: Infinity } }
            : { ok: false, problem: { kind: 'invalid', detail: 'unknown' } };
        },
      };
      await restart({ parts: { limits, authenticator } });
      const statusOf = async (token: string): Promise<number | undefined> => {
        const headers = { authorization: `Bearer ${token}` };
        const { answers } = await talk(world.port, world.call('x', { headers }), { answers: 1 });
        return answers[0]?.status;
      };
      expect(await statusOf('good')).toBe(200);
      for (let guess = 0; guess < 3; guess += 1) expect(await statusOf('guess')).toBe(401);
      const before = seen.length;
      expect(await statusOf('guess')).toBe(429);
      expect(await statusOf('good-but-never-seen')).toBe(429);
      expect(seen).toHaveLength(before);
      expect(await statusOf('good')).toBe(200);
      revoked.add('Bearer good');
      expect(await statusOf('good')).toBe(429);
      await store.close();
    },
  );

  test('do not count where none was presented: every client begins so', async () => {
    let failures = 0;
    await restart({
      parts: {
        limits: {
          admitAddress: async () => () => undefined,
          countFailure: async () => void (failures += 1),
          countUnanswered: async () => undefined,
          admitPrincipal: async () => undefined,
          admitBytes: async () => undefined,
          enter: () => () => undefined,
        },
      },
    });
    const ask = (authorization: string | undefined) =>
      talk(world.port, world.call('x', { headers: { authorization } }), { answers: 1 });
    await ask(undefined);
    expect(failures).toBe(0);
    await ask('Bearer no');
    expect(failures).toBe(1);
  });
});

describe('an issuer that cannot be asked', () => {
  test('lets nobody in: 503, and when to come back', async () => {
    await restart({
      parts: {
        authenticator: {
          authenticate: async () => ({
            ok: false,
            problem: { kind: 'unavailable', detail: 'down' },
          }),
        },
        challenges: { unauthorized: () => undefined, insufficientScope: () => '' },
      },
    });
    const { answers } = await talk(world.port, world.call('x'), { answers: 1 });
    expect(answers[0]?.status).toBe(503);
    expect(answers[0]?.headers.get('retry-after')).toBe('5');
    expect(answers[0]?.headers.has('www-authenticate')).toBe(false);
    expect(world.ran).toEqual([]);
    expect(world.records).toMatchObject([{ type: 'auth.failure', outcome: 'error' }]);
  });
});

test(
  verifies('C12.failures', 'credentials about which nobody can be asked are limited, too'),
  async () => {
    const store = memoryStore();
    let asked = 0;
    await restart({
      parts: {
        limits: failing(store, { calls: 3, seconds: 60 }),
        authenticator: {
          async authenticate() {
            asked += 1;
            return { ok: false, problem: { kind: 'unavailable', detail: 'down' } };
          },
        },
        challenges: { unauthorized: () => undefined, insufficientScope: () => '' },
      },
    });
    const statuses = new Set<number | undefined>();
    const request = world.call('x', { headers: { authorization: 'Bearer token' } });
    for (let time = 0; time < 40; time += 1)
      statuses.add((await talk(world.port, request, { answers: 1 })).answers[0]?.status);
    expect([...statuses]).toEqual([503, 429]);
    // Ten times as many as guesses: whoever is let in by this issuer is not to blame for it.
    expect(asked).toBe(30);
    await store.close();
  },
);

describe('a client certificate', () => {
  const authority = createTestAuthority();
  const serverSide = authority.issueServer();
  const known = authority.issueClient({ name: 'known' });
  const unknown = authority.issueClient({ name: 'unknown' });
  const foreign = createTestAuthority().issueClient({ name: 'known' });
  const long = (days: number): Date => new Date(Date.now() - days * 86_400_000);
  const expired = authority.issueClient({ name: 'expired', from: long(9), until: long(1) });

  /** Made for each test: it lasts for seconds only. */
  let short: TestCertificate;

  async function over(certificate: TestCertificate | undefined): Promise<number | undefined> {
    const socket = connectTls({
      port: world.port,
      host: '127.0.0.1',
      ca: authority.certificate,
      ...(certificate !== undefined && { cert: certificate.certificate, key: certificate.key }),
    });
    let raw = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => void (raw += chunk.toString('latin1')));
    socket.write(world.call('tls', { headers: { authorization: undefined, connection: 'close' } }));
    await new Promise((resolve) => socket.once('close', resolve));
    return answersIn(raw)[0]?.status;
  }

  beforeEach(async () => {
    const store = memoryStore();
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    // Those that the handshake does not verify are named as well: an entry alone lets nobody in.
    short = authority.issueClient({ name: 'short', until: new Date(Date.now() + SHORT_MS) });
    const certificates = [known, foreign, expired, short].map(({ sha256 }) => ({
      certificate: Buffer.from(sha256).toString('hex'),
      principal: 'machine',
      scopes: ['notes:write'],
      expiresAt,
    }));
    const keys = parseKeyFile({ version: 1, certificates }, Date.now());
    if (!keys.ok) throw new Error(keys.problem);
    await restart({
      // As with an option that lets callers in without a certificate, too: the front must judge it.
      server: createServer({
        cert: serverSide.certificate,
        key: serverSide.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: false,
      }),
      parts: {
        authenticator: authenticatorFor(keys.file, store),
      },
    });
  });

  test.each([
    ['that an entry names lets its holder in', known, 200],
    ['that no entry names is nobody’s', unknown, 401],
    ['of another authority is nobody’s, whatever its entry', foreign, 401],
    ['that has expired is nobody’s, whatever its entry', expired, 401],
    ['that is not there is nobody’s', undefined, 401],
  ])(verifies('E4.mutual', '%s'), async (_, certificate, status) => {
    expect(await over(certificate)).toBe(status);
    expect(world.ran).toEqual(status === 200 ? ['tls'] : []);
  });

  test(
    verifies('E4.mutual', 'counts no longer than it lasts, also over a connection that is kept'),
    async () => {
      const socket = connectTls({
        port: world.port,
        host: '127.0.0.1',
        ca: authority.certificate,
        cert: short.certificate,
        key: short.key,
      });
      let raw = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => void (raw += chunk.toString('latin1')));
      const ask = async (text: string, count: number): Promise<number | undefined> => {
        socket.write(world.call(text, { headers: { authorization: undefined } }));
        while (answersIn(raw).length < count && !socket.destroyed)
          await new Promise((resolve) => setTimeout(resolve, 10));
        return answersIn(raw)[count - 1]?.status;
      };
      expect(await ask('in time', 1)).toBe(200);
      const left = new X509Certificate(short.certificate).validToDate.getTime() - Date.now();
      await new Promise((resolve) => setTimeout(resolve, left + 10));
      expect(await ask('too late', 2)).toBe(401);
      expect(world.ran).toEqual(['in time']);
      socket.destroy();
    },
  );
});

test(
  verifies(
    'C12.calls',
    'messages of a caller above the rate are refused, whatever they ask for, from wherever',
  ),
  async () => {
    const store = memoryStore();
    const messageRate = { calls: 2, seconds: 60 };
    const limits = createFrontLimits({
      store,
      addressRate: MANY,
      failureRate: MANY,
      messageRate,
      placesMax: 9,
    });
    await restart({ parts: { limits } });
    const ask = async (body: string) =>
      (await talk(world.port, world.request({ body }), { answers: 1 })).answers[0];
    expect((await ask(callBody('one')))?.status).toBe(200);
    expect((await ask('{"jsonrpc":"2.0","id":1,"method":"tools/list"}'))?.status).toBe(200);
    const refused = await ask('{"jsonrpc":"2.0","id":"third","method":"tools/list"}');
    expect(refused?.status).toBe(429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(50);
    // Nothing of its content has been read.
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({ id: null });
    // Who it is, the trail knows by now.
    expect(world.records).toMatchObject([{ type: 'ratelimit.hit', principal: 'key:ada' }]);
    await store.close();
  },
);

test(
  verifies('C12.calls', 'C12.memory', 'a caller is held back before a proof of its is used up'),
  async () => {
    const store = memoryStore();
    const limits = createFrontLimits({
      store,
      addressRate: MANY,
      failureRate: MANY,
      messageRate: { calls: 2, seconds: 60 },
      placesMax: 9,
    });
    const { good, file } = keysOfOffice();
    const keys = authenticatorFor(file, store);
    let used = 0;
    const authenticator: Authenticator = {
      async authenticate(presented) {
        await presented.admit?.('key:office');
        used += 1;
        return keys.authenticate(presented);
      },
    };
    await restart({ parts: { limits, authenticator } });
    const statusOf = async (contentType: string): Promise<number | undefined> => {
      const headers = { authorization: `Bearer ${good}`, 'content-type': contentType };
      const { answers } = await talk(world.port, world.call('x', { headers }), { answers: 1 });
      return answers[0]?.status;
    };
    // Counted once each, whatever comes with it.
    expect(await statusOf('application/json')).toBe(200);
    expect(await statusOf('text/plain')).toBe(415);
    expect(await statusOf('text/plain')).toBe(429);
    expect(used).toBe(2);
    await store.close();
  },
);

describe('places for requests under way', () => {
  test(verifies('C12.places', 'are left however a request ends'), async () => {
    const store = memoryStore();
    const limits = createFrontLimits({
      store,
      addressRate: MANY,
      failureRate: MANY,
      messageRate: MANY,
      placesMax: 1,
    });
    await restart({ parts: { limits } });
    const one = (bytes: string) => talk(world.port, bytes, { answers: 1, patienceMs: 300 });
    const wait = world.call('', { body: callBody('wait', { wait: true }) });
    // Served, refused by the SDK, given up by the client.
    await one(world.call('a'));
    await one(world.request({ body: '{"jsonrpc":"2.0","id":1,"method":"no/such"}' }));
    await one(wait);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { answers } = await one(world.call('b'));
    expect(answers[0]?.status).toBe(200);
    // While one is under way, there is none for another.
    const held = one(wait);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const busy = await one(world.call('c'));
    expect(busy.answers[0]?.status).toBe(503);
    expect(busy.answers[0]?.headers.get('retry-after')).toBe('1');
    await held;
    await store.close();
  });
});
