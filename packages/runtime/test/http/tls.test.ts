import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { request as tlsRequest } from 'node:https';
import { BlockList } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, type ConnectionOptions, TLSSocket } from 'node:tls';

import {
  createTestAuthority,
  makeTemp,
  type TempDirectory,
  type TestAuthority,
  type TestCertificate,
  verifies,
} from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ListenerOptions } from '../../src/http/listener.ts';
import { type TlsMaterial, type TlsRules, watchTls } from '../../src/http/tls.ts';
import type { Watched } from '../../src/reload/watched.ts';
import { until } from '../reload/watching.ts';
import { get, keepingAgent, type Listening, startListening, wireOf } from './listening.ts';

const authority = createTestAuthority();
const clients = createTestAuthority({ name: 'Clients' });
let temp: TempDirectory;
const cleanups: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  temp = makeTemp();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  temp.remove();
});

interface TlsListening extends Listening {
  readonly material: Watched<TlsMaterial>;
  readonly failed: string[];
}

interface StartOptions extends Partial<ListenerOptions> {
  readonly leaf?: TestCertificate;
  readonly clientCa?: TestAuthority;
  readonly rules?: Partial<TlsRules>;
}

async function start({
  leaf = authority.issueServer(),
  clientCa,
  rules,
  ...options
}: StartOptions = {}): Promise<TlsListening> {
  const failed: string[] = [];
  write(leaf);
  if (clientCa !== undefined) replace('ca', clientCa.certificate);
  const material = await watchTls(filesOf(clientCa !== undefined), {
    onReloaded: () => undefined,
    onFailed: (_, reason) => failed.push(reason),
  });
  const listening = await startListening({
    tls: { material, rules: { allowTls12: false, clientOptional: false, ...rules } },
    ...options,
  });
  cleanups.push(() => material.close(), listening.close);
  return { ...listening, material, failed };
}

function filesOf(isMutual: boolean): Parameters<typeof watchTls>[0] {
  const path = (name: string): string => join(temp.path, name);
  return {
    certificate: path('cert'),
    key: path('key'),
    ...(isMutual && { clientCa: path('ca') }),
  };
}

function replace(name: string, text: string): void {
  const path = join(temp.path, name);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function write({ certificate, key }: TestCertificate): void {
  replace('cert', certificate);
  replace('key', key);
}

const trusted = { ca: authority.certificate, secure: true };

/** Shakes hands, and gives the connection, or the code of what went wrong. */
async function handshake(
  port: number,
  options: ConnectionOptions = {},
): Promise<TLSSocket | string> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.certificate, ...options });
  const { promise, resolve } = Promise.withResolvers<TLSSocket | string>();
  socket.once('secureConnect', () => resolve(socket));
  socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'));
  cleanups.push(() => void socket.destroy());
  return promise;
}

describe('what is spoken', () => {
  test(verifies('C5.tls', 'TLS 1.3 by default, and nothing older'), async () => {
    const { port, dropped } = await start();
    const answer = await get(port, trusted);
    expect(answer.body).toBe('hello /');
    const old = await handshake(port, { maxVersion: 'TLSv1.2' });
    expect(old).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(dropped).toEqual(['tls']);
  });

  test(
    verifies('C5.tls', 'TLS 1.2 where the operator says so, with forward secrecy only'),
    async () => {
      const { port } = await start({ rules: { allowTls12: true } });
      const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
      const good = await handshake(port, old);
      expect(typeof good === 'string' ? good : good.getProtocol()).toBe('TLSv1.2');
      for (const ciphers of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256']) {
        const weak = await handshake(port, { ...old, ciphers: `${ciphers}:@SECLEVEL=0` });
        expect(weak).toMatch(/^ERR_SSL|^ECONNRESET/);
      }
      const older = await handshake(port, {
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT:@SECLEVEL=0',
      });
      expect(older).toMatch(/^ERR_SSL/);
    },
  );

  test('HTTP/1.1 only', async () => {
    const { port } = await start();
    const agreed = await handshake(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(typeof agreed === 'string' ? agreed : agreed.alpnProtocol).toBe('http/1.1');
    const other = await handshake(port, { ALPNProtocols: ['h2'] });
    expect(other).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test.each([false, true])('no session is taken up again (TLS 1.2: %s)', async (allowTls12) => {
    const { port } = await start({ rules: { allowTls12 } });
    const version = allowTls12 ? 'TLSv1.2' : 'TLSv1.3';
    const versions = { minVersion: version, maxVersion: version } as const;
    const first = await handshake(port, versions);
    if (typeof first === 'string') throw new Error(first);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    first.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const wire = wireOf(first);
    await until('the answer', () => wire.text.includes('hello'));
    const [session = first.getSession()] = sessions;
    const second = await handshake(port, { ...versions, session });
    expect(typeof second === 'string' ? second : second.isSessionReused()).toBe(false);
  });

  test(verifies('C5.tls', 'plain HTTP gets no word'), async () => {
    const { port, dropped } = await start();
    await expect(get(port)).rejects.toThrow('socket hang up');
    expect(dropped).toEqual(['tls']);
  });

  test(verifies('E3.addresses', 'who may not come costs no handshake'), async () => {
    const allow = new BlockList();
    allow.addAddress('192.0.2.1');
    const { port, dropped } = await start({ addresses: { allow, proxies: undefined } });
    await expect(handshake(port)).resolves.toBe('ECONNRESET');
    expect(dropped).toEqual(['address']);
  });
});

describe('client certificates', () => {
  const show = ({ certificate, key }: TestCertificate) => ({ ...trusted, cert: certificate, key });
  const whoAsks: ListenerOptions['answer'] = ({ socket }, response) => {
    if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
    const raw = socket.getPeerX509Certificate()?.raw;
    const digest = raw && createHash('sha256').update(raw).digest('hex');
    response.end(`${String(socket.authorized)} ${String(digest)}`);
  };

  test(
    verifies(
      'E4.mutual',
      'are required, of the authority that is named, for clients, in their time',
    ),
    async () => {
      const { port } = await start({ clientCa: clients, answer: whoAsks });
      const own = clients.issueClient();
      const answer = await get(port, show(own));
      expect(answer.body).toBe(`true ${Buffer.from(own.sha256).toString('hex')}`);
      const day = 86_400_000;
      const stranger = createTestAuthority({ name: 'Clients' });
      const refused = [
        trusted,
        show(stranger.issueClient()),
        show(authority.issueClient()),
        show(clients.issueServer()),
        show(
          clients.issueClient({
            from: new Date(Date.now() - 2 * day),
            until: new Date(Date.now() - day),
          }),
        ),
        show(
          clients.issueClient({
            from: new Date(Date.now() + day),
            until: new Date(Date.now() + 2 * day),
          }),
        ),
        // The right certificate with the key of another.
        { ...show(own), ...trusted, cert: stranger.issueClient().certificate },
      ];
      for (const options of refused) await expect(get(port, options)).rejects.toThrow();
    },
  );

  test(verifies('E4.mutual', 'that are optional bind only when they were verified'), async () => {
    const { port } = await start({
      clientCa: clients,
      answer: whoAsks,
      rules: { clientOptional: true },
    });
    const without = await get(port, trusted);
    expect(without.body).toBe('false undefined');
    const foreign = await get(port, show(authority.issueClient()));
    expect(foreign.body.startsWith('false ')).toBe(true);
    const good = await get(port, show(clients.issueClient()));
    expect(good.body.startsWith('true ')).toBe(true);
  });

  test('are not asked for where no authority is named', async () => {
    const { port } = await start({ answer: whoAsks });
    const answer = await get(port, show(clients.issueClient()));
    expect(answer.body).toBe('false undefined');
  });
});

describe('a change of the files', () => {
  test(
    verifies(
      'C13.reload',
      'a new certificate is shown by the next connection, and idle ones are closed',
    ),
    async () => {
      const { port, listener, material } = await start();
      const agent = keepingAgent({ ca: authority.certificate, maxSockets: 1 });
      cleanups.push(() => agent.destroy());
      const before = await get(port, { ...trusted, agent });
      const next = authority.issueServer({ name: 'Next' });
      const idle = await handshake(port);
      if (typeof idle === 'string') throw new Error(idle);
      const idleClosed = wireOf(idle).closed;
      write(next);
      await until('the change', () => material.current.certificate === next.certificate);
      await idleClosed;
      await until('nothing is open', () => listener.sockets.size === 0);
      const shown = await handshake(port);
      expect(typeof shown === 'string' ? shown : shown.getPeerX509Certificate()?.subject).toBe(
        'CN=Next',
      );
      const after = await get(port, { ...trusted, agent });
      expect(after.localPort).not.toBe(before.localPort);
    },
  );

  test(
    verifies(
      'E4.replaced',
      'who came in by an authority that is gone is out, a call under way is answered first',
    ),
    async () => {
      const later = createTestAuthority({ name: 'Later clients' });
      const held: (() => void)[] = [];
      const { port, listener, material } = await start({
        clientCa: clients,
        limits: { keepAliveMs: 60_000 },
        answer: ({ url = '' }, response) => {
          if (url === '/slow') held.push(() => void response.end('slow'));
          else if (url === '/begun') {
            response.write('begun ');
            held.push(() => void response.end('ended'));
          } else response.end('quick');
        },
      });
      const { certificate, key } = clients.issueClient();
      const agent = keepingAgent({ ca: authority.certificate, cert: certificate, key });
      cleanups.push(() => agent.destroy());
      const own = { secure: true, agent };
      const calls = [get(port, { ...own, path: '/slow' }), get(port, { ...own, path: '/begun' })];
      await get(port, own);
      await until('all are there', () => held.length === 2);
      expect(listener.sockets.size).toBe(3);

      replace('ca', later.certificate);
      await until('the change', () => material.current.clientCa === later.certificate);
      await until('the idle one is closed', () => listener.sockets.size === 2);
      for (const end of held) end();
      const [slow, begun] = await Promise.all(calls);
      expect(slow?.body).toBe('slow');
      expect(slow?.headers.connection).toBe('close');
      expect(begun?.body).toBe('begun ended');
      await until('the busy ones are closed', () => listener.sockets.size === 0);
      await expect(get(port, own)).rejects.toThrow();
      const accepted = later.issueClient();
      const back = await get(port, { ...trusted, cert: accepted.certificate, key: accepted.key });
      expect(back.body).toBe('quick');
    },
  );

  test(
    verifies(
      'E4.replaced',
      'a handshake that began under the former authority does not end under it',
    ),
    async () => {
      const { port, listener, material } = await start({ clientCa: clients });
      const later = createTestAuthority({ name: 'Later clients' });
      const { certificate, key } = clients.issueClient();
      // The client has said hello and then waits before it goes on.
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        ca: authority.certificate,
        cert: certificate,
        key,
      });
      const wire = wireOf(socket);
      socket.once('connect', () => socket.pause());
      await until('it is accepted', () => listener.sockets.size === 1);
      replace('ca', later.certificate);
      await until('the change', () => material.current.clientCa === later.certificate);
      socket.resume();
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const text = await wire.closed;
      expect(text).not.toContain('hello');
    },
  );

  test(
    verifies(
      'C13.reload',
      'a key that does not fit keeps the last good pair, until its certificate comes',
    ),
    async () => {
      const { port, material, failed } = await start();
      const next = authority.issueServer({ name: 'Next' });
      replace('key', next.key);
      await until('the failure', () => failed.length > 0);
      expect(failed).toEqual(['--tls-key: is not the key of the certificate']);
      expect(material.healthy).toBe(false);
      const answer = await get(port, trusted);
      expect(answer.body).toBe('hello /');
      replace('cert', next.certificate);
      await until('the change', () => material.healthy);
      const shown = await handshake(port);
      expect(typeof shown === 'string' ? shown : shown.getPeerX509Certificate()?.subject).toBe(
        'CN=Next',
      );
    },
  );

  test.each([
    ['an expired certificate', 'has expired', -2, -1],
    ['a certificate of the future', 'is not valid yet', 1, 2],
  ])('%s is not taken', async (_, problem, from, until_) => {
    const { port, failed } = await start();
    const at = (days: number): Date => new Date(Date.now() + days * 86_400_000);
    write(authority.issueServer({ from: at(from), until: at(until_) }));
    await until('the failure', () => failed.some((reason) => reason.includes(problem)));
    await expect(get(port, trusted)).resolves.toMatchObject({ status: 200 });
  });

  test.each([
    ['empty', '', '--tls-client-ca: holds no certificate'],
    [
      'no authority',
      clients.issueClient().certificate,
      '--tls-client-ca: holds a certificate of no authority',
    ],
    [
      'broken',
      clients.certificate.replace('MII', 'AAA'),
      '--tls-client-ca: holds what is not a certificate',
    ],
  ])('authorities that are %s are not taken, and let nobody in', async (_, text, problem) => {
    const { port, failed } = await start({ clientCa: clients });
    replace('ca', text);
    await until('the failure', () => failed.length > 0);
    expect(failed).toEqual([problem]);
    await expect(get(port, trusted)).rejects.toThrow();
  });
});

test('a key that others can read is refused at the start', async () => {
  write(authority.issueServer());
  writeFileSync(join(temp.path, 'key'), authority.issueServer().key);
  chmodSync(join(temp.path, 'key'), 0o644);
  const told = { onReloaded: () => undefined, onFailed: () => undefined };
  await expect(watchTls(filesOf(false), told)).rejects.toThrow(
    /^--tls-key: the file holds a secret, and others may read it/,
  );
});

test('a certificate that the TLS library does not take is refused with the reason', async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 1024 });
  write(authority.issueServer({ keys }));
  const told = { onReloaded: () => undefined, onFailed: () => undefined };
  await expect(watchTls(filesOf(false), told)).rejects.toThrow(
    '--tls-cert: is not accepted by the TLS library: its key is too small',
  );
});

test('a request over TLS that is cut off leaves nothing open', async () => {
  const { port, listener } = await start({ answer: () => undefined });
  const request = tlsRequest({ port, host: '127.0.0.1', ca: authority.certificate, agent: false });
  request.once('error', () => undefined);
  request.end();
  await until('it is under way', () => listener.sockets.busy === 1);
  request.destroy();
  await until('it is gone', () => listener.sockets.size === 0);
  expect(listener.sockets.busy).toBe(0);
  await wait(0);
});
