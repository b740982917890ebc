import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { Refusal } from '@secure-mcp/validation';
import { expect } from 'vitest';
import * as z from 'zod';

import {
  type Cell,
  createDatabase,
  type Database,
  type DatabaseOptions,
  type Rows,
  type Run,
} from '../../src/adapter/index.ts';
import { setupSql } from '../../src/adapter/setup-sql.ts';
import { type ConnectionTarget, parseConnectionUrl, type TlsChoice } from '../../src/guard/dsn.ts';
import type { ReadStatement } from '../../src/guard/statement.ts';
import type { RunAs } from '../../src/policy.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';

export const LOGIN: RunAs = { role: undefined, settings: {} };

function targetOf(url: string, tls?: TlsChoice): ConnectionTarget {
  const parsed = parseConnectionUrl(url, tls);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.target;
}

export function open(
  url: string,
  options: Partial<DatabaseOptions> & { readonly tls?: TlsChoice } = {},
): Database {
  return createDatabase({
    name: 'test',
    target: targetOf(url, options.tls),
    files: {},
    scope: { schemas: ['public'], extensions: [], functions: [], masked: [] },
    limits: { timeoutMs: 5000, lockTimeoutMs: 500 },
    transport: 'stdio',
    ...options,
  });
}

/** What a guard with a hole would let through: the walls behind it have to hold by themselves. */
export function unguarded(text: string, parameters = 0): ReadStatement {
  return z
    .custom<ReadStatement>(() => true)
    .parse({
      text,
      parameters,
      fingerprint: '',
      relations: [],
      isOrdered: false,
      isMasked: false,
      placeOf: (sent: number) => sent,
    });
}

export function within(ms = 10_000, signal: Run['signal'] = new AbortController().signal): Run {
  return { signal, deadline: performance.now() + ms };
}

interface ReadOptions {
  readonly parameters?: readonly Cell[];
  readonly as?: RunAs;
  readonly searchPath?: readonly string[];
  readonly skip?: number;
  readonly limit?: number;
  readonly run?: Run;
}

/** Runs a text as if a guard had vouched for it. */
export function read(database: Database, text: string, options: ReadOptions = {}): Promise<Rows> {
  const { parameters = [], as = LOGIN, searchPath = [], skip = 0, limit = 100, run } = options;
  const statement = unguarded(text, parameters.length);
  return database.read(statement, { parameters, as, searchPath, skip, limit }, run ?? within());
}

/** The only cell of an answer. */
export async function cell(
  database: Database,
  text: string,
  options: ReadOptions = {},
): Promise<Cell | undefined> {
  return (await read(database, text, options)).rows[0]?.[0];
}

/** The refusal that something ends with. */
export async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) throw error;
  return error;
}

/** A database with a role as `setup-sql` makes it. */
export async function makeReader(
  sql = '',
): Promise<{ readonly database: TestDatabase; readonly role: string; readonly url: string }> {
  const database = await makeDatabase();
  if (sql !== '') await database.admin(sql);
  const role = database.role('reader');
  await database.admin(
    setupSql({ role, database: database.name, schemas: ['public'], extensions: [] }),
  );
  await database.admin(`ALTER ROLE ${role} PASSWORD '${role}'`);
  return { database, role, url: database.url(role) };
}

export interface Proxy {
  readonly port: number;
  /** A flight begins with the first bytes of the client after bytes of the server. */
  readonly flights: number;
  readonly connections: number;
  /** Bytes of the client so far. */
  readonly sent: Buffer;
  /** Swallows what the server sends from now on. */
  mute(): void;
  reset(): void;
  close(): Promise<void>;
}

/** Stands between client and server, and watches. */
export async function startProxy(
  port: number,
  host = '127.0.0.1',
  listens = '127.0.0.1',
): Promise<Proxy> {
  const state: { flights: number; connections: number; sent: Buffer[]; isMute: boolean } = {
    flights: 0,
    connections: 0,
    sent: [],
    isMute: false,
  };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    state.connections += 1;
    let last: 'client' | 'server' = 'server';
    const upstream = connect({ port, host, noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    client.on('data', (chunk: Buffer) => {
      if (last === 'server') state.flights += 1;
      last = 'client';
      state.sent.push(chunk);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      last = 'server';
      if (!state.isMute) client.write(chunk);
    });
  });
  server.listen(0, listens);
  await once(server, 'listening');
  const address = z.object({ port: z.number() }).parse(server.address());
  return {
    port: address.port,
    get flights() {
      return state.flights;
    },
    get connections() {
      return state.connections;
    },
    get sent() {
      return Buffer.concat(state.sent);
    },
    mute() {
      state.isMute = true;
    },
    reset() {
      Object.assign(state, { flights: 0, connections: 0, sent: [] });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The same URL by way of a proxy. */
export function through(url: string, { port }: Proxy): string {
  return url.replace(/@[^/]+\//, `@127.0.0.1:${String(port)}/`);
}

/** Waits for what becomes true a little later. */
export async function becomes(check: () => Promise<unknown>, expected: unknown): Promise<void> {
  await expect.poll(check, { timeout: 5000, interval: 20 }).toEqual(expected);
}

/** Processes of the server that a role has, by what they run. */
export async function backendsOf(
  database: TestDatabase,
  role: string,
  condition = 'true',
): Promise<number> {
  const [row] = await database.admin(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1 AND ${condition}`,
    [role],
  );
  return z.object({ count: z.number() }).parse(row).count;
}
