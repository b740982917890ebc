import { EventEmitter } from 'node:events';
import { BlockList } from 'node:net';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createGate, type GateOptions } from '../../src/http/gate.ts';

/** A peer that connects, as the gate sees it. This machine has no such addresses to connect from. */
class Peer extends EventEmitter {
  readonly remoteAddress: string | undefined;
  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }
}

function listOf(...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits = ''] = subnet.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

function gateOf(options: Partial<GateOptions>) {
  const gate = createGate({
    addresses: { allow: undefined, proxies: undefined },
    proxiesOnly: false,
    perAddressMax: 2,
    ...options,
  });
  return (address: string | undefined) => gate(new Peer(address));
}

describe('who may connect', () => {
  const allow = listOf('192.0.2.0/24', '2001:db8:1::/48');
  const proxies = listOf('10.0.0.1/32');
  test.each([
    ['192.0.2.7', 'pass'],
    ['::ffff:192.0.2.7', 'pass'],
    ['::ffff:c000:207', 'pass'],
    ['2001:db8:1::7', 'pass'],
    ['10.0.0.1', 'pass'],
    ['::ffff:10.0.0.1', 'pass'],
    ['192.0.3.7', 'address'],
    ['10.0.0.2', 'address'],
    ['2001:db8:2::7', 'address'],
    ['127.0.0.1', 'address'],
    // What only carries an allowed address is not it.
    ['64:ff9b::c000:207', 'address'],
    ['::192.0.2.7', 'address'],
    [undefined, 'address'],
    ['', 'address'],
  ])(verifies('E3.addresses', '%s: %s'), (address, verdict) => {
    expect(gateOf({ addresses: { allow, proxies } })(address)).toBe(verdict);
  });

  test.each([
    ['10.0.0.1', 'pass'],
    ['::ffff:10.0.0.1', 'pass'],
    ['127.0.0.1', 'pass'],
    ['::1', 'pass'],
    ['::ffff:127.0.0.1', 'pass'],
    ['10.0.0.2', 'address'],
    ['192.0.2.7', 'address'],
  ])(
    verifies('E3.addresses', 'where nothing is encrypted but the way to the proxy, %s: %s'),
    (address, verdict) => {
      expect(gateOf({ addresses: { allow: undefined, proxies }, proxiesOnly: true })(address)).toBe(
        verdict,
      );
      // A client that may use the server may still not come in the clear.
      if (verdict === 'address')
        expect(
          gateOf({ addresses: { allow: listOf('0.0.0.0/0'), proxies }, proxiesOnly: true })(
            address,
          ),
        ).toBe('address');
    },
  );
});

describe('how many at the same time', () => {
  test.each([
    ['an address', ['192.0.2.7', '192.0.2.7', '::ffff:192.0.2.7'], '192.0.2.8'],
    [
      'a network of IPv6',
      ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3'],
      '2001:db8:0:1::1',
    ],
  ])('%s has its share, and leaves that of others', (_, same, other) => {
    const admit = gateOf({});
    expect(same.map((address) => admit(address))).toEqual(['pass', 'pass', 'address_full']);
    expect(admit(other)).toBe('pass');
  });

  test(verifies('E13.slow', 'a place is given back once, when its connection is closed'), () => {
    const gate = createGate({
      addresses: { allow: undefined, proxies: undefined },
      proxiesOnly: false,
      perAddressMax: 1,
    });
    const first = new Peer('192.0.2.7');
    expect(gate(first)).toBe('pass');
    const refused = new Peer('192.0.2.7');
    expect(gate(refused)).toBe('address_full');
    refused.emit('close');
    expect(gate(new Peer('192.0.2.7'))).toBe('address_full');
    first.emit('close');
    expect(gate(new Peer('192.0.2.7'))).toBe('pass');
  });

  test('a proxy has no share of its own', () => {
    const proxies = listOf('10.0.0.1/32');
    const admit = gateOf({ addresses: { allow: undefined, proxies } });
    const verdicts = Array.from({ length: 100 }, () => admit('10.0.0.1'));
    expect(new Set(verdicts)).toEqual(new Set(['pass']));
  });
});

test(
  verifies('E13.slow', 'the networks around an IPv6 address have a number of connections, too'),
  () => {
    const gate = gateOf({ perAddressMax: 2 });
    const verdicts = (...addresses: readonly string[]) => addresses.map((address) => gate(address));
    expect(verdicts('2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:1:1::3')).toEqual([
      'pass',
      'pass',
      'address_full',
    ]);
    // Four in the /56.
    expect(verdicts('2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1')).toEqual([
      'pass',
      'pass',
      'address_full',
    ]);
    // Eight in the /48.
    const others = ['100', '200', '300', '400', '500'].map((net) => `2001:db8:1:${net}::1`);
    expect(verdicts(...others)).toEqual(['pass', 'pass', 'pass', 'pass', 'address_full']);
    expect(verdicts('2001:db8:2:1::1')).toEqual(['pass']);
  },
);
