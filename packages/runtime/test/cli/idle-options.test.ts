import { chmodSync } from 'node:fs';

import { makeTemp, runToEnd, verifies } from '@secure-mcp/testkit';
import { afterAll, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

/** Options that protect whoever serves a network, given to a server that serves stdio. */
const BY_FLAG: readonly (readonly string[])[] = [
  ['--require-sender-constrained'],
  ['--tls-client-ca', 'ca.pem'],
  ['--allow-ip', '10.0.0.0/8'],
  ['--introspection-client', 'me'],
  ['--unsafe-no-auth'],
  ['--metrics', '9090'],
  ['--failure-limit', '20/60'],
];

async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = await runToEnd({ ...fixtureCommand(...args), env });
  return { status, stdout, stderr };
}

test.each(BY_FLAG)(verifies('C6.configuration', 'without --http: %s %s'), async (...args) => {
  const [flag = ''] = args;
  expect(await start(args)).toEqual({
    status: 2,
    stdout: '',
    stderr: `fixture: ${flag}: needs --http\n`,
  });
});

test(verifies('C6.configuration', 'without --http, by a variable or in the file'), async () => {
  const stderr = 'fixture: --revocations: needs --http\n';
  expect(await start([], { SECURE_MCP_REVOCATIONS: 'file' })).toMatchObject({ status: 2, stderr });
  const config = temp.write('config.json', '{"revocations":"file"}');
  expect(await start(['--config', config])).toMatchObject({ status: 2, stderr });
  expect(await start(['check', '--config', config])).toMatchObject({ status: 2, stderr });
});

test('what is off, and a list of nothing, is not refused', async () => {
  const config = temp.write('off.json', '{"unsafeNoAuth":false,"allowIp":[]}');
  expect(await start(['check', '--config', config])).toMatchObject({ status: 0 });
});

test('what has no effect over HTTP either is said by check', async () => {
  const args = ['--http=0', '--unsafe-no-auth', '--token-lifetime=60'];
  expect(await start(['check', ...args])).toMatchObject({
    status: 2,
    stderr: 'fixture: --token-lifetime: needs --issuer\n',
  });
});

test(
  verifies('C6.configuration', 'a file of an option that others may write, over stdio'),
  async () => {
    const policy = temp.write('policy.json', '{"version":1,"principals":[]}');
    expect(await start(['check', '--policy', policy])).toMatchObject({ status: 0 });
    chmodSync(policy, 0o664);
    const stderr = 'fixture: --policy: the file may be written by others (chmod go-w)\n';
    expect(await start(['check', '--policy', policy])).toMatchObject({ status: 2, stderr });
    expect(await start(['--policy', policy])).toMatchObject({ status: 2, stdout: '', stderr });
  },
);
