import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeTemp, type TempDirectory, verifies } from '@secure-mcp/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';

import { unprivilegedAccount } from '../../src/adapter/embedded/account.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/adapter/embedded/index.ts';
import { openWire } from '../../src/adapter/session/wire.ts';
import type { ConnectionTarget } from '../../src/guard/dsn.ts';
import { type Authority, copy, makeAuthority } from './certificates.ts';
import { becomes, cell, makeReader, open, read, refusal, startProxy, within } from './support.ts';

let temp: TempDirectory;
let server: EmbeddedServer;
let ours: Authority;
let theirs: Authority;

const SECRET = 'correct-horse-battery';

async function admin(sql: string): Promise<Record<string, unknown>[]> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database: 'postgres' });
  await client.connect();
  try {
    const result = await client.query(sql);
    return (Array.isArray(result) ? result.at(-1) : result).rows;
  } finally {
    await client.end();
  }
}

/** The server shows another certificate to whoever connects next. */
async function show({ cert, key }: { cert: string; key: string }): Promise<void> {
  const { uid, gid } = unprivilegedAccount();
  for (const [from, name] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
    [ours.ca, 'root.crt'],
  ] as const) {
    const to = join(server.folder, 'data', name);
    copy(from, to);
    if (uid !== undefined && gid !== undefined) chownSync(to, uid, gid);
  }
  await admin('SELECT pg_reload_conf()');
}

beforeAll(async () => {
  temp = makeTemp();
  server = await startEmbedded({ beside: fileURLToPath(import.meta.url) });
  ours = makeAuthority(temp.path, 'ours');
  theirs = makeAuthority(temp.path, 'theirs');
  await show(ours.sign('server', 'localhost', 'DNS:localhost'));
  await admin(`ALTER SYSTEM SET ssl_ca_file = 'root.crt'`);
  await admin('ALTER SYSTEM SET ssl = on');
  const hba = join(server.folder, 'data/pg_hba.conf');
  writeFileSync(
    hba,
    `hostssl all by_cert all cert\nhostnossl all by_cert all reject\n${readFileSync(hba, 'utf8')}`,
  );
  await admin(`SELECT pg_reload_conf()`);
  for (const role of ['by_cert', 'by_password'])
    await admin(
      `CREATE ROLE ${role} LOGIN NOINHERIT PASSWORD '${SECRET}'; ALTER ROLE ${role} SET default_transaction_read_only = on`,
    );
});

afterAll(async () => {
  await server.close();
  temp.remove();
});

function url(host: string, role = 'by_password', port = server.port): string {
  return `postgres://${role}:${SECRET}@${host}:${String(port)}/postgres?sslmode=verify-full`;
}

const ENCRYPTED = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

describe('TLS to the database', () => {
  test(
    verifies(
      'C5.database-tls',
      'is spoken with a server whose certificate is verified, by its name',
    ),
    async () => {
      const proxy = await startProxy(server.port);
      const database = open(url('localhost', 'by_password', proxy.port), {
        files: { ca: ours.ca },
      });
      expect(await cell(database, ENCRYPTED)).toBe(true);
      expect(await cell(database, `SELECT 'needle'`)).toBe('needle');
      expect(proxy.sent.toString('latin1')).not.toMatch(/needle|by_password|BEGIN/);
      await database.close();
      await proxy.close();
    },
  );

  test.each([
    ['by another name', '127.0.0.1', 'ours', 'for another host'],
    ['by nobody who is trusted', 'localhost', 'theirs', 'nobody that is trusted'],
    ['by nobody who is trusted by default', 'localhost', undefined, 'nobody that is trusted'],
  ])(
    verifies('C5.database-tls', 'a server that is vouched for %s learns nothing'),
    async (_, host, who, why) => {
      const proxy = await startProxy(server.port);
      const ca = { ours, theirs }[who ?? '']?.ca;
      const database = open(url(host, 'by_password', proxy.port), { files: { ca } });
      const { code, message } = await refusal(read(database, 'SELECT 1'));
      expect([code, message]).toEqual(['database.refused', expect.stringContaining(why)]);
      expect(proxy.sent.toString('latin1')).not.toMatch(/by_password/);
      await database.close();
      await proxy.close();
    },
  );

  test(verifies('C5.database-tls', 'is not given up when the server has none'), async () => {
    const plain = await makeReader();
    const database = open(`${plain.url}?sslmode=verify-full`);
    const { code, message } = await refusal(read(database, 'SELECT 1'));
    expect([code, message]).toEqual([
      'database.refused',
      expect.stringContaining('does not offer TLS'),
    ]);
    await database.close();
    await plain.database.drop();
  });

  test(verifies('C5.database-tls', 'begins with the answer and nothing behind it'), async () => {
    // Whoever is on the way writes an answer of its own before the handshake (CVE-2021-23222).
    const liar = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.write(Buffer.concat([Buffer.from('S'), Buffer.from('R\0\0\0\x08\0\0\0\0')])),
      );
    });
    const port = await listen(liar);
    const database = open(url('localhost', 'by_password', port), { files: { ca: ours.ca } });
    expect((await refusal(read(database, 'SELECT 1'))).code).toBe('database.refused');
    await database.close();
    liar.close();
  });

  test(
    verifies('E13.cancel', 'C5.database-tls', 'is spoken with whoever is asked to cancel, too'),
    async () => {
      const proxy = await startProxy(server.port);
      const database = open(url('localhost', 'by_password', proxy.port), {
        files: { ca: ours.ca },
        connections: 1,
      });
      const pid = await cell(database, 'SELECT pg_backend_pid()');
      const controller = new AbortController();
      const call = read(database, 'SELECT pg_sleep(4)', { run: within(9000, controller.signal) });
      const ended = call.then(() => 'answered', String);
      await becomes(
        async () =>
          admin(
            `SELECT 1 AS one FROM pg_stat_activity WHERE usename = 'by_password' AND query LIKE 'FETCH%' AND state = 'active'`,
          ),
        [{ one: 1 }],
      );
      proxy.reset();
      controller.abort('stop');
      expect(await ended).toBe('stop');
      expect(proxy.connections).toBe(1);
      expect(await cell(database, 'SELECT pg_backend_pid()')).toBe(pid);
      await database.close();
      await proxy.close();
    },
  );

  test(verifies('E7.bytes', 'is metered as well'), async () => {
    const database = open(url('localhost'), { files: { ca: ours.ca } });
    const { code } = await refusal(read(database, `SELECT repeat('x', 60000000)`));
    expect(code).toBe('database.too_much');
    await database.close();
  });

  test(
    verifies(
      'C5.database-tls',
      'shows a certificate of ours where the server wants one, and a new one after it was replaced',
    ),
    async () => {
      const certificate = join(temp.path, 'current.pem');
      const key = join(temp.path, 'current.key');
      const files = { ca: ours.ca, certificate, key };
      const good = ours.sign('client', 'by_cert');
      const bad = theirs.sign('client', 'by_cert');
      copy(bad.cert, certificate);
      copy(bad.key, key);
      const database = open(url('localhost', 'by_cert'), { files });
      expect((await refusal(read(database, 'SELECT 1'))).code).toMatch(
        /^database\.(?:refused|unavailable)$/,
      );
      copy(good.cert, certificate);
      copy(good.key, key);
      expect(await cell(database, 'SELECT current_user::text')).toBe('by_cert');
      await database.close();

      const without = open(url('localhost', 'by_cert'), { files: { ca: ours.ca } });
      expect((await refusal(read(without, 'SELECT 1'))).code).toMatch(
        /^database\.(?:refused|unavailable)$/,
      );
      await without.close();
    },
  );
});

describe('no TLS', () => {
  test(
    verifies('C5.database-tls', 'is for this machine only, wherever its name leads'),
    async () => {
      const outside = Object.values(networkInterfaces())
        .flat()
        .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
      const heard: Buffer[] = [];
      const listener = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => heard.push(chunk));
      });
      const port = await listen(listener, '0.0.0.0');
      const as = (host: string): ConnectionTarget =>
        z.custom<ConnectionTarget>(() => true).parse({ host, port, encryption: 'local' });
      const tls = { ca: undefined, cert: undefined, key: undefined };
      const { signal } = new AbortController();
      // What "localhost" would be with a resolver that lies.
      if (outside !== undefined)
        expect((await refusal(openWire(as(outside), tls, signal))).code).toBe('database.refused');
      (await openWire(as('localhost'), tls, signal)).destroy();
      expect(heard).toEqual([]);
      listener.close();
    },
  );
});

async function listen(listener: Server, host = '127.0.0.1'): Promise<number> {
  listener.listen(0, host);
  await once(listener, 'listening');
  return z.object({ port: z.number() }).parse(listener.address()).port;
}
