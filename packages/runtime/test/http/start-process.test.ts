import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { hashApiKey, mintApiKey } from '@secure-mcp/auth/network';
import {
  createTestAuthority,
  type HttpProcess,
  makeTemp,
  runToEnd,
  startHttpProcess,
  type TempDirectory,
  verifies,
} from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { prepare } from '../../src/cli/prepare.ts';
import { serveOverHttp } from '../../src/http/serve.ts';
import { fixtureCommand } from '../fixture/command.ts';
import { fixture } from '../fixture/server.ts';
import { until } from '../reload/watching.ts';
import { dial, type Listening, startListening } from './listening.ts';

let temp: TempDirectory;
let other: Listening;
const started: HttpProcess[] = [];

beforeEach(async () => {
  temp = makeTemp();
  other = await startListening();
});
afterEach(async () => {
  for (const served of started.splice(0)) await served.close();
  await other.close();
  temp.remove();
});

async function serve(...options: readonly string[]): Promise<HttpProcess> {
  const served = await startHttpProcess(fixtureCommand(...options));
  started.push(served);
  return served;
}

/** What a start that comes to nothing says, and with what it ends. */
async function failing(...options: readonly string[]): Promise<string> {
  const { status, stderr } = await runToEnd(fixtureCommand(...options));
  return `${String(status)} ${stderr.trimEnd()}`;
}

function secret(name: string, text: string): string {
  const path = temp.write(name, text);
  chmodSync(path, 0o600);
  return path;
}

interface Entry {
  readonly principal: string;
  readonly scopes?: readonly string[];
}

function keysOf(...entries: readonly Entry[]): string {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const keys = entries.map(({ principal, scopes = ['test:read'] }) => {
    const { id, text } = mintApiKey();
    return { id, sha256: hashApiKey(text).toString('hex'), principal, scopes, expiresAt };
  });
  return secret('keys.json', JSON.stringify({ version: 1, keys }));
}

function policyOf(...ids: readonly string[]): string {
  const principals = ids.map((id) => ({ match: { id }, tools: ['*'] }));
  return temp.write('policy.json', JSON.stringify({ version: 1, principals }));
}

describe('where nothing can be listened on, the reason is told:', () => {
  test('a port that is in use', async () => {
    const port = String(other.port);
    const said = await failing('--http', port, '--unsafe-no-auth');
    expect(said).toBe('2 fixture: --http: the port is in use');
    expect(await failing('--http', '0', '--metrics', port, '--unsafe-no-auth')).toBe(
      '2 fixture: --metrics: the port is in use',
    );
  });

  test('an address that is not one of this machine', async () => {
    const options = ['--keys', keysOf({ principal: 'a' }), '--behind-proxy', '127.0.0.1'];
    // RFC 5737: an address that nobody has.
    expect(await failing('--http', '192.0.2.1:0', ...options)).toContain(
      '2 fixture: --http: the address is not one of this machine',
    );
  });

  test('the port of --http for the metrics, before anything listens', async () => {
    const options = ['--http', '127.0.0.1:3999', '--metrics', '127.0.0.2:3999', '--unsafe-no-auth'];
    const problem = '2 fixture: --metrics: needs another port than --http';
    expect(await failing(...options)).toBe(problem);
    expect(await failing('check', ...options)).toBe(problem);
  });
});

test('a start that fails leaves nothing listening', async () => {
  const free = await startListening();
  await free.close();
  const args = ['--http', String(other.port), '--metrics', String(free.port), '--unsafe-no-auth'];
  const start = serveOverHttp(fixture, prepare(fixture, args));
  await expect(start).rejects.toThrow('--http: the port is in use');
  const wire = dial(free.port);
  const [error] = await once(wire.socket, 'error').catch((reason: unknown) => [reason]);
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});

describe('the trail of a start', () => {
  test(verifies('C9.complete', 'begins before anybody has asked for anything'), async () => {
    const audit = join(temp.path, 'audit.jsonl');
    await serve('--http', '0', '--unsafe-no-auth', '--audit-log', audit);
    const [first] = readFileSync(audit, 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ type: 'server.start', outcome: 'allow' });
  });

  test(verifies('C9.fail-closed', 'has to be written, or nothing listens'), async () => {
    const options = ['--http', '0', '--unsafe-no-auth', '--audit-log', '/dev/full'];
    expect(await failing(...options)).toMatch(
      /^2 fixture: --audit-log: the audit trail cannot be written$/m,
    );
  });

  test(
    verifies('C11.locked', 'a server whose tools differ from the reviewed ones does not listen'),
    async () => {
      const audit = join(temp.path, 'audit.jsonl');
      const options = ['--http', '0', '--unsafe-no-auth', '--tampered', '--audit-log', audit];
      const problem = '2 fixture: tools.lock.json: the tools differ from it (fail)';
      expect(await failing(...options)).toBe(problem);
      expect(readFileSync(audit, 'utf8')).toContain('tools_lock.mismatch');
      expect(await failing('check', ...options)).toBe(problem);
    },
  );
});

describe('check refuses what a start refuses, in the same words:', () => {
  const RESOURCE = ['--resource', 'https://mcp.example/mcp'];
  const ISSUER = ['--issuer', 'https://as.example', ...RESOURCE];
  const STORE = ['--store', 'redis://127.0.0.1:1', ...RESOURCE];

  test.each<readonly [what: string, options: () => readonly string[], problem: RegExp]>([
    ['a network that is none', () => ['--allow-ip', '10.0.0.0/99'], /^--allow-ip: /],
    ['a proxy that is none', () => ['--behind-proxy', '10.0.0.0/99'], /^--behind-proxy: /],
    ['an origin with a path', () => ['--allow-origin', 'https://a.example/x'], /^--allow-origin: /],
    [
      'an address of a store with a query',
      () => ['--store', 'redis://127.0.0.1:1?tls=no', ...RESOURCE],
      /^--store: /,
    ],
    [
      'a password of a store that others can read',
      () => {
        const path = temp.write('password', 'x');
        chmodSync(path, 0o644);
        return [...STORE, '--store-password-file', path];
      },
      /^--store-password-file: holds a secret, and others may read it/,
    ],
    [
      'a policy that others can write',
      () => {
        const path = policyOf('key:a');
        chmodSync(path, 0o666);
        return ['--policy', path];
      },
      /^--policy: .*may be written by others/,
    ],
    [
      'a key of questions that is short',
      () => [...STORE, '--state-key-file', secret('state', 'short')],
      /^--state-key-file: /,
    ],
    [
      'a secret of a client that is two',
      () => [
        ...ISSUER,
        '--introspection-client=me',
        `--introspection-secret-file=${secret('s', 'a b')}`,
      ],
      /^--introspection-secret-file: /,
    ],
    [
      'an issuer that is asked in the clear',
      () => [
        ...ISSUER,
        '--introspection=http://127.0.0.1:1/i',
        '--introspection-client=me',
        `--introspection-secret-file=${secret('s', 'ab')}`,
      ],
      /^--introspection: /,
    ],
  ])('%s', async (_what, options, problem) => {
    const given = ['--http', '0', ...options()];
    const keys = given.includes('--issuer') ? [] : ['--keys', keysOf({ principal: 'a' })];
    const said = await failing(...given, ...keys);
    expect(said).toMatch(/^2 fixture: /);
    expect(said.slice('2 fixture: '.length)).toMatch(problem);
    expect(await failing('check', ...given, ...keys)).toBe(said);
  });
});

describe('what is without effect is told at the start, by check, and after a change:', () => {
  /** What `check` says. */
  async function check(options: readonly string[]): Promise<string> {
    const { command, args } = fixtureCommand('check', ...options);
    return (await promisify(execFile)(command, [...args])).stdout;
  }

  /** How often a warning is told before a file is spoilt, after that, by `check`, and by another start. */
  async function toldOf(
    options: readonly string[],
    spoil: () => void,
    warning: string,
  ): Promise<readonly number[]> {
    const count = (text: string): number => text.split(warning).length - 1;
    const served = await serve('--http', '0', ...options);
    const before = count(served.stderr());
    spoil();
    await until('the warning', () => served.stderr().includes(warning));
    const checked = count(await check(['--http', '0', ...options]));
    const anew = await serve('--http', '0', ...options);
    await until('the warning at the start', () => anew.stderr().includes(warning));
    return [before, count(served.stderr()), checked, count(anew.stderr())];
  }

  test('a scope that the server does not have', async () => {
    const options = ['--keys', keysOf({ principal: 'a' })];
    const spoil = () => keysOf({ principal: 'a', scopes: ['test:raed'] });
    const warning = 'of a grants test:raed, which is not served here';
    expect(await toldOf(options, spoil, warning)).toEqual([0, 1, 1, 1]);
  });

  test('a key that no entry of the policy matches', async () => {
    const options = ['--keys', keysOf({ principal: 'a' }), '--policy', policyOf('key:a')];
    const spoil = () => keysOf({ principal: 'a' }, { principal: 'b' });
    const warning = '--policy: no entry matches key:b of --keys, so it may do nothing';
    expect(await toldOf(options, spoil, warning)).toEqual([0, 1, 1, 1]);
  });

  test('an entry of the policy that names nobody', async () => {
    const options = ['--keys', keysOf({ principal: 'a' }), '--policy', policyOf('key:a')];
    const warning = '--policy: principals.1: --keys lets in nobody who is called key:A';
    const spoil = () => policyOf('key:a', 'key:A');
    expect(await toldOf(options, spoil, warning)).toEqual([0, 1, 1, 1]);
  });

  test('an empty file of keys', async () => {
    const options = ['--keys', keysOf({ principal: 'a' })];
    const warning = '--keys: the file names nobody who may call now';
    expect(await toldOf(options, () => keysOf(), warning)).toEqual([0, 1, 1, 1]);
  });

  test('a certificate that is for another host, and ends soon', async () => {
    const authority = createTestAuthority();
    const until_ = new Date(Date.now() + 30 * 86_400_000);
    const good = authority.issueServer({ hosts: ['mcp.example'], until: until_ });
    const [cert, key] = [join(temp.path, 'cert.pem'), secret('key.pem', good.key)];
    writeFileSync(cert, good.certificate, { mode: 0o644 });
    const options = [
      `--keys=${keysOf({ principal: 'a' })}`,
      '--resource=https://mcp.example/mcp',
      `--tls-cert=${cert}`,
      `--tls-key=${key}`,
    ];
    const bad = authority.issueServer({ hosts: ['other.example'] });
    const spoil = (): void => {
      writeFileSync(cert, bad.certificate);
      writeFileSync(key, bad.key);
    };
    const warning = '--tls-cert: the certificate is not for mcp.example';
    expect(await toldOf(options, spoil, warning)).toEqual([0, 1, 1, 1]);
    expect(await check(['--http', '0', ...options])).toContain('the certificate ends within a day');
  });
});

test('SIGHUP that changes nothing says so, and one that cannot says what is not valid', async () => {
  const options = ['--keys', keysOf({ principal: 'a' }), '--log-level', 'info'];
  const served = await serve('--http', '0', ...options);
  served.signal('SIGHUP');
  await until('the line', () => served.stderr().includes('nothing has changed'));
  temp.write('keys.json', 'broken');
  await until('the failure', () => served.stderr().includes('what was valid before stays'));
  served.signal('SIGHUP');
  await until('the warning', () => served.stderr().includes('read again, and not valid'));
  expect(served.stderr()).toContain('"what":["--keys"]');
});
