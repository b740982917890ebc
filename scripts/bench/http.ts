import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { digits } from './compare.ts';
import { type Era, load } from './http-load.ts';
import { median } from './peer.ts';

const SOURCES = '--conditions=@secure-mcp/source';
const BARE = fileURLToPath(new URL('./http-bare.ts', import.meta.url));
const OURS = fileURLToPath(new URL('./http-ours.ts', import.meta.url));
const ROUNDS = 7;
/** V8 has optimised all of it after some 30,000 requests. */
const WARM_MS = 5000;
const ROUND_MS = 1500;
const ERAS: readonly Era[] = ['2026-07-28', '2025-11-25'];
const CONNECTIONS = [16, 64];
/** The token names it, and nobody goes there. */
const ISSUER = 'http://127.0.0.1:8';
/** As good as none. */
const NO_LIMIT = '9999999/1';

/** A server under measurement. */
interface Served {
  readonly url: URL;
  /** Seconds on a processor so far. */
  seconds(): number;
  memory(): number;
  end(): Promise<void>;
}

/** The front beside the SDK's bare handler, in turns. */
export async function benchHttp(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'secure-mcp-bench-http-'));
  const resource = `http://127.0.0.1:${String(await freePort())}/mcp`;
  const issuer = await startIssuer(resource);
  const key = addKey(join(directory, 'keys.json'));
  const bare = await serve([BARE]);
  const ours = await serve([OURS, ...optionsOf(directory, resource, issuer.jwks)]);
  const kinds: readonly Kind[] = [
    { name: 'bare handler', served: bare, authorization: undefined },
    { name: 'ours, API key', served: ours, authorization: `Bearer ${key}` },
    { name: 'ours, JWT (ES256)', served: ours, authorization: `Bearer ${issuer.token}` },
  ];
  try {
    const table = [];
    for (const era of ERAS)
      for (const connections of CONNECTIONS)
        table.push(...(await compare(kinds, era, connections)));
    console.table(table);
    const [bareMb, oursMb] = [bare.memory(), ours.memory()].map(digits);
    console.log(`HTTP, after all that: bare handler ${bareMb} MiB, ours ${oursMb} MiB`);
  } finally {
    await Promise.all([bare.end(), ours.end(), issuer.end()]);
    rmSync(directory, { recursive: true });
  }
}

/** With limits that count and are not met, and a trail in a file. */
function optionsOf(directory: string, resource: string, jwks: string): readonly string[] {
  const served = ['--http', new URL(resource).port, '--resource', resource];
  const callers = ['--issuer', ISSUER, '--jwks', jwks, '--keys', join(directory, 'keys.json')];
  const limits = ['--rate-limit', NO_LIMIT, '--address-rate-limit', NO_LIMIT];
  const rest = ['--concurrency', '64', '--audit-log', join(directory, 'audit.jsonl')];
  return [...served, ...callers, ...limits, ...rest];
}

interface Kind {
  readonly name: string;
  readonly served: Served;
  readonly authorization: string | undefined;
}

async function compare(kinds: readonly Kind[], era: Era, connections: number) {
  const rows = kinds.map((kind) => ({ kind, rates: emptyList(), cpu: emptyList() }));
  for (const { kind } of rows) await measure(kind, { era, connections, ms: WARM_MS });
  for (let round = 0; round < ROUNDS; round += 1)
    for (const row of rows) {
      const { rate, cpu } = await measure(row.kind, { era, connections, ms: ROUND_MS });
      row.rates.push(rate);
      row.cpu.push(cpu);
    }
  const limit = median(rows[0]?.rates ?? []);
  const least = median(rows[0]?.cpu ?? []);
  return rows.map(({ kind, rates, cpu }) => ({
    era,
    connections,
    server: kind.name,
    'requests/s': Math.round(median(rates)),
    ratio: digits(median(rates) / limit),
    'CPU µs': Math.round(median(cpu)),
    'CPU ratio': digits(least / median(cpu)),
    'goal ratio': connections === 64 && kind.authorization !== undefined ? '0.80' : '',
  }));
}

async function measure(
  { served, authorization }: Kind,
  how: { readonly era: Era; readonly connections: number; readonly ms: number },
) {
  const before = served.seconds();
  const credential = authorization === undefined ? {} : { authorization };
  const { requests, ms } = await load({ url: served.url, ...how, ...credential });
  const cpu = ((served.seconds() - before) / requests) * 1e6;
  return { rate: (requests / ms) * 1000, cpu };
}

function emptyList(): number[] {
  return [];
}

async function serve(args: readonly string[]): Promise<Served> {
  const child: ChildProcess = spawn(process.execPath, [SOURCES, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await urlOf(child);
  const stat = (file: string): string => readFileSync(`/proc/${String(child.pid)}/${file}`, 'utf8');
  return {
    url,
    seconds: () => secondsOf(stat('stat')),
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(stat('status'))?.[1]) / 1024,
    async end() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Of a processor, in user and kernel. Linux counts in hundredths. */
function secondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function urlOf(child: ChildProcess): Promise<URL> {
  let said = '';
  for await (const chunk of child.stderr ?? []) {
    said += String(chunk);
    const [, url] = /^serving (\S+)$/m.exec(said) ?? [];
    if (url !== undefined) return new URL(url);
  }
  throw new Error(`it does not serve: ${said}`);
}

/** The server's own command, as an operator uses it. */
function addKey(file: string): string {
  const entry = ['--principal', 'bench', '--scopes', 'bench:read', '--days', '1'];
  return execFileSync(process.execPath, [SOURCES, OURS, 'keys', 'add', file, ...entry], {
    encoding: 'utf8',
  }).trim();
}

/** An authorization server, as far as a resource server sees it: its keys. */
async function startIssuer(resource: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = { kid: 'bench', alg: 'ES256' };
  const keys = [{ ...publicKey.export({ format: 'jwk' }), ...names, use: 'sig' }];
  const { port, close } = await listen((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys }));
  });
  const iat = Math.floor(Date.now() / 1000);
  const caller = { sub: 'bench', client_id: 'bench', jti: 'bench', scope: 'bench:read' };
  const claims = { iss: ISSUER, aud: resource, iat, exp: iat + 3600, ...caller };
  const signed = [{ ...names, typ: 'at+jwt' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  const token = `${signed}.${signature.toString('base64url')}`;
  return { jwks: `http://127.0.0.1:${String(port)}/jwks`, token, end: close };
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => undefined);
  await close();
  return port;
}

async function listen(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
