import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

import { hashApiKey, mintApiKey } from '@secure-mcp/auth/network';
import {
  createTestAuthority,
  type HttpProcess,
  makeTemp,
  startHttpProcess,
  type TempDirectory,
  verifies,
} from '@secure-mcp/testkit';
import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '@secure-mcp/testkit/authorization-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';
import { until } from '../reload/watching.ts';
import { startListening } from './listening.ts';

let temp: TempDirectory;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeEach(() => {
  temp = makeTemp();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  temp.remove();
});

interface Served extends HttpProcess {
  /** What the audit trail tells of reloads. */
  reloads(): readonly unknown[];
}

/** The fixture in a process of its own, on loopback. */
async function serve(...options: readonly string[]): Promise<Served> {
  const audit = join(temp.path, 'audit.jsonl');
  const command = fixtureCommand('--audit-log', audit, ...options);
  const served = await startHttpProcess(command);
  cleanups.push(() => served.close());
  const records = (): readonly { readonly type: string; readonly what?: string }[] =>
    existsSync(audit)
      ? readFileSync(audit, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
      : [];
  return {
    ...served,
    reloads: () => records().filter(({ type }) => type.startsWith('config.')),
  };
}

async function freePort(): Promise<number> {
  const { port, close } = await startListening();
  await close();
  return port;
}

describe('SIGHUP', () => {
  let issuer: AuthorizationServerUnderTest;
  let isOpen: boolean;
  const closeIssuer = async (): Promise<void> => {
    if (isOpen) await issuer.close();
    isOpen = false;
  };
  beforeEach(async () => {
    issuer = await startAuthorizationServer({ resources: {} });
    isOpen = true;
  });
  afterEach(() => closeIssuer());

  test(
    verifies(
      'C13.reload',
      'says whether the keys of the issuer were fetched, and does not make the server unready',
    ),
    async () => {
      const port = String(await freePort());
      const served = await serve(
        `--http=${port}`,
        `--resource=http://127.0.0.1:${port}/mcp`,
        `--issuer=${issuer.issuer}`,
      );
      served.signal('SIGHUP');
      await until('the keys', () => served.reloads().length === 1);
      expect(served.reloads()).toMatchObject([{ type: 'config.reload', what: '--issuer' }]);
      await closeIssuer();
      served.signal('SIGHUP');
      await until('the failure', () => served.reloads().length === 2);
      expect(served.reloads()[1]).toMatchObject({
        type: 'config.reload_failed',
        what: '--issuer',
        reason: expect.stringMatching(/^the issuer cannot be asked now/),
      });
      expect((await fetch(new URL('/readyz', served.url))).status).toBe(200);
    },
  );

  test(
    verifies('C13.reload', 'says that what the issuer had said of tokens is forgotten'),
    async () => {
      const served = await serve(
        '--http=0',
        '--resource=http://127.0.0.1:3000/mcp',
        `--issuer=${issuer.issuer}`,
        `--introspection-client=${issuer.introspector.id}`,
        `--introspection-secret-file=${secretFile('secret', issuer.introspector.secret)}`,
      );
      served.signal('SIGHUP');
      await until('the news', () => served.reloads().length === 1);
      expect(served.reloads()).toMatchObject([{ type: 'config.reload', what: '--introspection' }]);
    },
  );
});

test(
  verifies(
    'C13.ended',
    'E4.replaced',
    'a call by an API key ends with the authority of its client',
  ),
  async () => {
    const authority = createTestAuthority();
    const client = authority.issueClient();
    const serverSide = authority.issueServer();
    const clientCa = temp.write('client-ca.pem', authority.certificate);
    const { id, text } = mintApiKey();
    const sha256 = hashApiKey(text).toString('hex');
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const entry = { id, sha256, principal: 'ada', scopes: ['test:read'], expiresAt };
    const keys = secretFile('keys.json', JSON.stringify({ version: 1, keys: [entry] }));
    const served = await serve(
      '--http=0',
      `--keys=${keys}`,
      `--tls-cert=${temp.write('server.pem', serverSide.certificate)}`,
      `--tls-key=${secretFile('server-key.pem', serverSide.key)}`,
      `--tls-client-ca=${clientCa}`,
    );
    const traces = join(temp.path, 'traces');
    const size = (): number => (existsSync(traces) ? statSync(traces).size : 0);
    const call = requestTls(served.url, {
      method: 'POST',
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
      headers: {
        authorization: `Bearer ${text}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
    });
    call.on('error', () => undefined);
    const params = { name: 'toil', arguments: { file: traces } };
    call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
    cleanups.push(() => void call.destroy());
    await until('the tool works', () => size() > 0);
    temp.write('client-ca.pem', createTestAuthority().certificate);
    // Each round is longer than many of the tool's; it works for ever where nothing ends it.
    let before = -1;
    for (let rounds = 0; rounds < 75 && size() !== before; rounds += 1) {
      before = size();
      await wait(200);
    }
    expect(size()).toBe(before);
  },
);

test(
  verifies(
    'E4.replaced',
    'a request whose token is still asked about is not served once the authority is another',
  ),
  async () => {
    const authority = createTestAuthority();
    const client = authority.issueClient();
    const serverSide = authority.issueServer();
    const clientCa = temp.write('client-ca.pem', authority.certificate);
    const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
    const port = String(await freePort());
    const resource = `https://127.0.0.1:${port}/mcp`;
    let isAsked = false;
    const exp = Math.floor(Date.now() / 1000) + 600;
    const token = { active: true, aud: resource, exp, client_id: 'app', sub: 'ada' };
    const asked = await startListening({
      answer(_request, response) {
        isAsked = true;
        response.setHeader('content-type', 'application/json');
        void mayAnswer.then(() => response.end(JSON.stringify({ ...token, scope: 'test:read' })));
      },
    });
    cleanups.push(() => asked.close());
    const issuer = `http://127.0.0.1:${String(asked.port)}`;
    const served = await serve(
      `--http=${port}`,
      `--resource=${resource}`,
      `--issuer=${issuer}`,
      `--introspection=${issuer}/introspect`,
      '--introspection-client=server',
      `--introspection-secret-file=${secretFile('secret', 'secret')}`,
      `--tls-cert=${temp.write('server.pem', serverSide.certificate)}`,
      `--tls-key=${secretFile('server-key.pem', serverSide.key)}`,
      `--tls-client-ca=${clientCa}`,
    );
    const call = requestTls(served.url, {
      method: 'POST',
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
      headers: {
        authorization: 'Bearer opaque',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
    });
    cleanups.push(() => void call.destroy());
    const answered = once(call, 'response');
    call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    await until('the question', () => isAsked);
    temp.write('client-ca.pem', createTestAuthority().certificate);
    await until('the change', () => served.reloads().length === 1);
    letAnswer();
    expect(await answered).toMatchObject([{ statusCode: 401 }]);
  },
);

describe('a revocation for an issuer that is not the one whose tokens are accepted', () => {
  const OTHER = { issuer: 'https://login.example/', tokenId: 'f3' };
  const KNOWN = { issuer: 'https://login.example', subject: 'ada' };
  const WARNING = /--revocations: revoked\.1 and 1 more: the issuer is not --issuer/;
  const file = (revoked: readonly object[]): string =>
    temp.write('revocations.json', JSON.stringify({ version: 1, revoked }));
  const options = (path: string): readonly string[] => [
    '--http=0',
    '--resource=https://mcp.example/mcp',
    '--issuer=https://login.example',
    `--revocations=${path}`,
  ];

  test(
    verifies(
      'C13.revoked',
      'is told at the start and when it comes in, because it revokes nothing',
    ),
    async () => {
      const revoked = [KNOWN, OTHER, { client: 'x' }, OTHER];
      const told = await serve(...options(file(revoked)));
      await until('the warning at the start', () => WARNING.test(told.stderr()));
      await told.close();

      const path = file([KNOWN]);
      const silent = await serve(...options(path));
      expect(silent.stderr()).not.toContain('revoked.');
      expect(await check(options(path))).not.toContain('revoked.');
      file(revoked);
      expect(await check(options(path))).toMatch(WARNING);
      await until('the warning', () => WARNING.test(silent.stderr()));
    },
  );
});

/** What `check` says. */
async function check(options: readonly string[]): Promise<string> {
  const { command, args } = fixtureCommand('check', ...options);
  return (await promisify(execFile)(command, [...args])).stdout;
}

function secretFile(name: string, text: string): string {
  const path = temp.write(name, text);
  chmodSync(path, 0o600);
  return path;
}
