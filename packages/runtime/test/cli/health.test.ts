import { chmodSync, writeFileSync } from 'node:fs';

import {
  createTestAuthority,
  type HttpProcess,
  makeTemp,
  runToEnd,
  startOnFreePort,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, afterEach, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';

const temp = makeTemp();
const started: HttpProcess[] = [];
afterEach(async () => {
  for (const served of started.splice(0)) await served.close();
});
afterAll(() => temp.remove());

function secret(name: string, text: string): string {
  const path = temp.write(name, text);
  chmodSync(path, 0o600);
  return path;
}

/** Serves on a port that the options name, as the check has to know it. */
async function serve(...options: readonly string[]): Promise<readonly string[]> {
  let given: readonly string[] = [];
  const served = await startOnFreePort((port) => {
    given = ['--http', String(port), ...options];
    return fixtureCommand(...given);
  });
  started.push(served);
  return given;
}

async function health(...options: readonly string[]): Promise<string> {
  const { status, stdout } = await runToEnd(fixtureCommand('health', ...options));
  return `${String(status)} ${stdout.trimEnd()}`;
}

const LOCAL = '--unsafe-no-auth';

test(
  verifies('E14.health', 'the check of a container finds the server by its options'),
  async () => {
    const given = await serve(LOCAL);
    expect(await health(...given)).toBe('0 ok');
    await started[0]?.close();
    expect(await health(...given)).toBe('1 no answer: ECONNREFUSED');
  },
);

test(verifies('E14.health', 'a server whose file has become invalid is not ready'), async () => {
  const policy = temp.write('policy.json', '{"version":1,"principals":[]}');
  const given = await serve(LOCAL, '--policy', policy);
  expect(await health(...given)).toBe('0 ok');
  writeFileSync(policy, 'not JSON');
  await expect.poll(() => health(...given), { timeout: 15_000 }).toBe('1 not ready: 503');
});

test('on stdio there is nothing to ask', async () => {
  expect(await health()).toBe('0 ok');
});

test('a port that the system chose cannot be asked', async () => {
  expect(await health('--http', '0', LOCAL)).toMatch(
    /^1 a server on a port of the system’s choice/,
  );
});

test.each([
  { clients: 'none', options: [] },
  { clients: 'optional', options: ['--tls-client-ca', 'ca.pem', '--tls-client-optional'] },
  { clients: 'required', options: ['--tls-client-ca', 'ca.pem'] },
])('over TLS, with client certificates: $clients', async ({ options }) => {
  const authority = createTestAuthority();
  const { certificate, key } = authority.issueServer();
  temp.write('ca.pem', authority.certificate);
  const named = options.map((word) => (word === 'ca.pem' ? `${temp.path}/ca.pem` : word));
  const given = await serve(
    `--tls-cert=${temp.write('server.pem', certificate)}`,
    `--tls-key=${secret('server.key', key)}`,
    `--keys=${secret('keys.json', '{"version":1,"keys":[]}')}`,
    ...named,
  );
  expect(await health(...given)).toBe('0 ok');
  await started[0]?.close();
  expect(await health(...given)).toBe('1 no answer: ECONNREFUSED');
});
