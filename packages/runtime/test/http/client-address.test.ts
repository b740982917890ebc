import { BlockList } from 'node:net';

import fc from 'fast-check';
import { verifies } from '@secure-mcp/testkit';
import { afterEach, describe, expect, test } from 'vitest';

import { parseAddress } from '../../src/http/ip-address.ts';
import { HttpRefusal } from '../../src/http/refusals.ts';
import { clientAddress, requireAllowed } from '../../src/http/steps/client-address.ts';
import { startWorld, type World } from './front-world.ts';
import { talk } from './wire.ts';

function list(...entries: readonly string[]): BlockList {
  const made = new BlockList();
  for (const entry of entries) {
    const [address = '', bits = '0'] = entry.split('/');
    made.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return made;
}

const PROXIES = list('10.0.0.0/8', 'fd00::/8');

function found(peer: string, chain: string | undefined, allow?: BlockList): string {
  const headers = new Map(chain === undefined ? [] : [['x-forwarded-for', chain]]);
  try {
    const address = clientAddress(peer, headers, PROXIES);
    requireAllowed(address, allow);
    return address.forwarded ? `forwarded ${address.ip}` : address.ip;
  } catch (error) {
    if (error instanceof HttpRefusal) return error.code;
    throw error;
  }
}

describe('an address has one way of being written', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000::0001', '2001:db8:0:0:0:0:0:1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0:0:0:0:1', '0:0:0:0::/64'],
    ['::', '0:0:0:0:0:0:0:0', '0:0:0:0::/64'],
    // What carries an IPv4 address is counted by it, but let in by no rule for one.
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0:0:0:c000:201', '192.0.2.1'],
    ['::192.0.2.1', '0:0:0:0:0:0:c000:201', '192.0.2.1'],
  ])('%s is %s, counted as %s', (text, ip, key) => {
    expect(parseAddress(text)).toEqual({ ip, key });
  });

  test.each([
    '',
    ' 192.0.2.1',
    '192.0.2',
    '192.0.2.256',
    '0300.0.2.1',
    '010.0.0.1',
    '0xc0.0.2.1',
    '3221225985',
    '192.0.2.1:80',
    '[::1]',
    '::1::',
    'g::1',
    '1:2:3:4:5:6:7:8:9',
    'localhost',
    'unknown',
    '192.0.2.1%eth0',
    '192.0.2.1/8',
    '::ffff:192.0.2.256',
    '%',
    '%eth0',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('whatever the way, the groups are the same', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const parsed = parseAddress(text);
        expect(parsed).toBeDefined();
        const { ip = '' } = parsed ?? {};
        // Node's own reading of both.
        const own = new BlockList();
        own.addAddress(text, 'ipv6');
        expect(own.check(ip, ip.includes('.') ? 'ipv4' : 'ipv6')).toBe(true);
        expect(parseAddress(ip)).toEqual(parsed);
      }),
    );
  });
});

describe('the client of a request', () => {
  test.each([
    // A peer that is no proxy says nothing about anybody else.
    ['192.0.2.9', undefined, '192.0.2.9'],
    ['192.0.2.9', '203.0.113.7', '192.0.2.9'],
    ['192.0.2.9', 'nonsense', '192.0.2.9'],
    ['::ffff:192.0.2.9', '203.0.113.7', '192.0.2.9'],
    // A proxy is believed from the right.
    ['10.0.0.1', '203.0.113.7', 'forwarded 203.0.113.7'],
    ['::ffff:10.0.0.1', '203.0.113.7', 'forwarded 203.0.113.7'],
    ['fd00::1', '2001:db8::1', 'forwarded 2001:db8:0:0:0:0:0:1'],
    ['10.0.0.1', '203.0.113.7, 10.0.0.2', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '127.0.0.1, 203.0.113.7', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '127.0.0.1, 203.0.113.7, 10.0.0.2', 'forwarded 203.0.113.7'],
    ['10.0.0.1', 'nonsense, 203.0.113.7', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '203.0.113.7,10.0.0.2,10.0.0.3', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '::ffff:203.0.113.7', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '203.0.113.7:4711', 'forwarded 203.0.113.7'],
    ['10.0.0.1', '[2001:db8::1]:443', 'forwarded 2001:db8:0:0:0:0:0:1'],
    // Everybody within.
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', 'forwarded 10.0.0.3'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    // What a proxy has added cannot be read.
    ['10.0.0.1', '', 'http.header'],
    ['10.0.0.1', 'unknown', 'http.header'],
    ['10.0.0.1', '203.0.113.7, ', 'http.header'],
    ['10.0.0.1', '203.0.113.7, _hidden', 'http.header'],
    ['10.0.0.1', '203.0.113.7 10.0.0.2', 'http.header'],
    ['10.0.0.1', '203.0.113.07', 'http.header'],
    ['10.0.0.1', '"203.0.113.7"', 'http.header'],
    ['10.0.0.1', Array.from({ length: 40 }, () => '10.0.0.2').join(','), 'http.header'],
    ['nonsense', undefined, 'http.address'],
    ['', undefined, 'http.address'],
  ])(verifies('E3.proxies', 'of %s with %j is %s'), (peer, chain, expected) => {
    expect(found(peer, chain)).toBe(expected);
  });

  test.each([
    ['192.0.2.9', undefined, '192.0.2.9'],
    ['192.0.3.9', undefined, 'http.address'],
    ['192.0.3.9', '192.0.2.9', 'http.address'],
    ['10.0.0.1', undefined, 'http.address'],
    ['10.0.0.1', '192.0.2.9', 'forwarded 192.0.2.9'],
    ['10.0.0.1', '192.0.2.9, 192.0.3.9', 'http.address'],
    ['10.0.0.1', '192.0.2.9, 203.0.113.7, 10.0.0.2', 'http.address'],
    ['10.0.0.1', '64:ff9b::192.0.2.9', 'http.address'],
    ['10.0.0.1', '::192.0.2.9', 'http.address'],
    ['2001:db8::9', undefined, 'http.address'],
  ])('of %s with %j, where 192.0.2.0/24 is allowed, is %s', (peer, chain, expected) => {
    expect(found(peer, chain, list('192.0.2.0/24'))).toBe(expected);
  });
});

describe('over the wire', () => {
  let world: World;
  afterEach(() => world.close());

  test(verifies('E3.proxies', 'no header of a client that is no proxy lets it in'), async () => {
    world = await startWorld({
      rules: { addresses: { allow: list('192.0.2.0/24'), proxies: list('10.0.0.0/8') } },
    });
    const lies = {
      'x-forwarded-for': '192.0.2.1',
      forwarded: 'for=192.0.2.1',
      'x-real-ip': '192.0.2.1',
      'x-client-ip': '192.0.2.1',
      'true-client-ip': '192.0.2.1',
      'cf-connecting-ip': '192.0.2.1',
    };
    const { answers, closed } = await talk(world.port, world.call('liar', { headers: lies }));
    expect(answers[0]?.status).toBe(403);
    expect(closed).toBe(true);
    expect(world.ran).toEqual([]);
    expect(world.records).toMatchObject([
      { reason: 'http.address', source: { address: '127.0.0.1' } },
    ]);
  });

  test(
    verifies(
      'E3.proxies',
      'behind a proxy, the client is who the proxy saw, whatever the client wrote before',
    ),
    async () => {
      world = await startWorld({
        rules: { addresses: { allow: list('192.0.2.0/24'), proxies: list('127.0.0.0/8') } },
      });
      const from = (chain: string | readonly string[]) => ({
        headers: { 'x-forwarded-for': chain },
      });
      const good = await talk(world.port, world.call('good', from('192.0.2.1')), { answers: 1 });
      expect(good.answers[0]?.status).toBe(200);
      const lied = await talk(world.port, world.call('lied', from('192.0.2.1, 203.0.113.7')), {
        answers: 1,
      });
      expect(lied.answers[0]?.status).toBe(403);
      // The connection of the proxy carries the requests of others, too.
      expect(lied.answers[0]?.headers.get('connection')).not.toBe('close');
      expect(world.records).toMatchObject([
        { reason: 'http.address', source: { address: '203.0.113.7' } },
      ]);
      const twice = await talk(
        world.port,
        world.call('twice', from(['192.0.2.1', '203.0.113.7'])),
        {
          answers: 1,
        },
      );
      expect(twice.answers[0]?.status).toBe(403);
      expect(world.ran).toEqual(['good']);
      expect(world.admitted.map(({ address }) => address)).toEqual([
        { ip: '192.0.2.1', key: '192.0.2.1', forwarded: true },
      ]);
    },
  );
});
