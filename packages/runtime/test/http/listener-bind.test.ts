import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { ConfigurationProblem } from '../../src/config/problem.ts';
import { type Binding, type BindRules, decideBinding } from '../../src/http/bind.ts';

/** What names lead to on a machine whose `hosts` file somebody else has written as well. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.evil.test': ['192.0.2.7'],
  both: ['127.0.0.1', '192.0.2.7'],
  nowhere: [],
  odd: ['not an address'],
  '127.1': ['127.0.0.1'],
  '0': ['0.0.0.0'],
};

async function decide(
  host: string,
  rules: Partial<BindRules> = {},
  names = NAMES,
): Promise<Binding> {
  const all = { field: '--http', secure: false, proxied: false, authenticated: true, ...rules };
  const lookup = async (name: string): Promise<readonly string[]> => {
    const found = names[name];
    return found ?? Promise.reject(new Error('ENOTFOUND'));
  };
  return decideBinding({ host, port: 8080 }, all, lookup);
}

describe('loopback', () => {
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:0:0:1',
  ])('%s serves without TLS, and without authentication', async (host) => {
    const binding = await decide(host, { authenticated: false });
    expect(binding).toEqual({ host, port: 8080, loopback: true, proxiesOnly: false });
  });

  test.each(['localhost', '127.1'])('%s is bound by the address that was judged', async (host) => {
    const { host: bound, loopback } = await decide(host, { authenticated: false });
    expect(bound).toBe('127.0.0.1');
    expect(loopback).toBe(true);
  });
});

const BEYOND = [
  '0.0.0.0',
  '::',
  '::ffff:0.0.0.0',
  '::ffff:192.0.2.7',
  '192.0.2.7',
  '10.0.0.1',
  '169.254.1.1',
  'fe80::1',
  'fe80::1%lo',
  '2001:db8::1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '128.0.0.1',
  '126.255.255.255',
  'localhost.evil.test',
  'both',
  '0',
];

describe('beyond loopback', () => {
  test.each(BEYOND)(
    verifies('C5.bind', '%s is refused without TLS and without a proxy'),
    async (host) => {
      await expect(decide(host)).rejects.toThrow('--http: beyond loopback it needs');
    },
  );

  test.each(BEYOND)(
    '%s is refused without authentication, whatever else there is',
    async (host) => {
      const rules = { authenticated: false, secure: true, proxied: true };
      await expect(decide(host, rules)).rejects.toThrow('without authentication');
    },
  );

  test.each(BEYOND)('%s is served with TLS, or to proxies only', async (host) => {
    const secure = await decide(host, { secure: true });
    expect([secure.loopback, secure.proxiesOnly]).toEqual([false, false]);
    const proxied = await decide(host, { proxied: true });
    expect([proxied.loopback, proxied.proxiesOnly]).toEqual([false, true]);
    const both = await decide(host, { secure: true, proxied: true });
    expect(both.proxiesOnly).toBe(false);
  });
});

test.each(['', ' ', 'nowhere', 'odd', 'unknown', '127.0.0.1/8', '[::1]'])(
  'the host "%s" is none',
  async (host) => {
    const decided = decide(host, { secure: true });
    await expect(decided).rejects.toThrow(ConfigurationProblem);
  },
);

test('localhost that leads elsewhere is elsewhere', async () => {
  const names = { localhost: ['192.0.2.7'] };
  await expect(decide('localhost', {}, names)).rejects.toThrow('beyond loopback');
});

test('the names of this machine are looked up where nothing else is given', async () => {
  const rules = { field: '--http', secure: false, proxied: false, authenticated: false };
  const { loopback } = await decideBinding({ host: 'localhost', port: 0 }, rules);
  expect(loopback).toBe(true);
});
