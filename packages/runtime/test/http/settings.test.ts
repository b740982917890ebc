import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { commonOptions } from '../../src/config/common.ts';
import { assertHttpOptions, endpointOf, resourceOf, rulesOf } from '../../src/http/settings.ts';

const KEYS = { http: '3000', keys: 'keys.json' };
const ISSUER = { http: '3000', issuer: 'https://as.example', resource: 'https://mcp.example/mcp' };

const LOCAL = {
  http: '3000',
  issuer: 'http://localhost:4000',
  resource: 'http://localhost:3000/mcp',
  introspection: 'http://localhost:4000/i',
  introspectionClient: 'me',
  introspectionSecretFile: 'secret',
};
const SECRET = { introspectionClient: 'me', introspectionSecretFile: 'secret' };
const ASKED = { ...ISSUER, ...SECRET };

function assertOptions(options: object): void {
  assertHttpOptions(commonOptions.parse(options), new Set(Object.keys(options)));
}

describe('what contradicts itself does not start', () => {
  const WRONG: readonly (readonly [what: string, options: object, field: string])[] = [
    ['nobody is known', { http: '3000' }, '--http'],
    [
      'nobody has to be known, and somebody is',
      { ...KEYS, unsafeNoAuth: true },
      '--unsafe-no-auth',
    ],
    ['an issuer for no resource', { http: '3000', issuer: 'https://as.example' }, '--issuer'],
    ['keys of no issuer', { ...KEYS, jwks: 'https://as.example/jwks' }, '--jwks'],
    ['half a certificate', { ...KEYS, tlsCert: 'cert.pem' }, '--tls-cert'],
    ['the other half', { ...KEYS, tlsKey: 'key.pem' }, '--tls-key'],
    ['an authority without TLS', { ...KEYS, tlsClientCa: 'ca.pem' }, '--tls-client-ca'],
    [
      'optional certificates of nobody',
      { ...KEYS, tlsClientOptional: true },
      '--tls-client-optional',
    ],
    [
      'questions without a client',
      { ...ISSUER, introspection: 'https://as.example/i' },
      '--introspection',
    ],
    [
      'a client without a secret',
      { ...ISSUER, introspectionClient: 'me' },
      '--introspection-client',
    ],
    ['replicas without a common name', { ...KEYS, store: 'redis://r' }, '--store'],
    ['a password where others can read it', { ...ISSUER, store: 'redis://u:p@r' }, '--store'],
    ['a password for nothing', { ...KEYS, storePasswordFile: 'p' }, '--store-password-file'],
    ['a key of questions without a memory', { ...KEYS, stateKeyFile: 'k' }, '--state-key-file'],
    ['an issuer in the clear', { ...ISSUER, issuer: 'http://as.example' }, '--issuer'],
    ['a resource in the clear', { ...ISSUER, resource: 'http://mcp.example/mcp' }, '--resource'],
    ['a resource with a query', { ...ISSUER, resource: 'https://mcp.example/mcp?a' }, '--resource'],
    ['a resource with a user', { ...ISSUER, resource: 'https://a@mcp.example/mcp' }, '--resource'],
    [
      'a resource in other letters',
      { ...ISSUER, resource: 'https://MCP.example/mcp' },
      '--resource',
    ],
    ['the usual port, named', { ...ISSUER, resource: 'https://mcp.example:443/mcp' }, '--resource'],
    ['an origin alone', { ...ISSUER, resource: 'https://mcp.example/' }, '--resource'],
    [
      'bound credentials that nobody can have',
      { ...KEYS, requireSenderConstrained: true },
      '--require-sender-constrained',
    ],
    ['a kind of token of no issuer', { ...KEYS, anyTokenType: true }, '--any-token-type'],
    ['a lifetime of nobody’s tokens', { ...KEYS, tokenLifetime: 86_400 }, '--token-lifetime'],
    ['a version of TLS without TLS', { ...KEYS, tlsMinVersion: '1.3' }, '--tls-min-version'],
    ['keys of an issuer that is asked', { ...ASKED, jwks: 'https://as.example/jwks' }, '--jwks'],
    [
      'a kind of token, and an issuer is asked',
      { ...ASKED, anyTokenType: true },
      '--any-token-type',
    ],
    [
      'a secret in the clear, on loopback, for an issuer that is not there',
      { ...ASKED, introspection: 'http://127.0.0.1:9/i' },
      '--introspection',
    ],
    [
      'keys in the clear, on loopback, of an issuer that is not there',
      { ...ISSUER, jwks: 'http://127.0.0.1:9/jwks' },
      '--jwks',
    ],
    ['an issuer with a bar', { ...ISSUER, issuer: 'https://as.example/a|b' }, '--issuer'],
    ['a path for an origin', { ...KEYS, allowOrigin: ['https://a.example/b'] }, '--allow-origin'],
    ['a network that is none', { ...KEYS, allowIp: ['10.0.0.0/33'] }, '--allow-ip'],
    ['a path that goes up', { ...ISSUER, resource: 'https://mcp.example/a/../mcp' }, '--resource'],
  ];

  test.each(WRONG)(verifies('C6.configuration', '%s'), (_what, options, field) => {
    expect(() => assertOptions(options)).toThrow(expect.objectContaining({ field }));
  });

  test.each(['redis://r', 'redis://10.0.0.1:6379/0', 'redis://127.0.0.1.example', 'redis://127.1'])(
    verifies('C5.tls', 'a store that is reached in the clear: %s'),
    (store) => {
      expect(() => assertOptions({ ...ISSUER, store })).toThrow(/^--store: must be rediss:/);
      const over = store.replace('redis:', 'rediss:');
      expect(() => assertOptions({ ...ISSUER, store: over })).not.toThrow();
    },
  );

  test.each(['redis://localhost', 'redis://127.0.0.1:7000/1', 'redis://[::1]'])(
    'a store on this machine: %s',
    (store) => {
      expect(() => assertOptions({ ...ISSUER, store })).not.toThrow();
    },
  );

  test.each([
    ['0.0.0.0/0'],
    ['::/0'],
    ['0.0.0.0/1', '128.0.0.0/1'],
    ['192.0.0.0/4'],
    ['2000::/3'],
    ['::ffff:0:0/96'],
    ['10.0.0.5', '::/0'],
  ])(verifies('E3.addresses', 'proxies that are everybody: %s %s'), (...behindProxy) => {
    const options = { ...KEYS, behindProxy: behindProxy.filter((entry) => entry !== undefined) };
    expect(() => assertOptions(options)).toThrow(/^--behind-proxy: must name proxies/);
  });

  test.each([['10.0.0.0/8'], ['fc00::/7'], ['192.0.2.7', '2001:db8::/32']])(
    'proxies that are somebody: %s %s',
    (...behindProxy) => {
      const options = { ...KEYS, behindProxy: behindProxy.filter((entry) => entry !== undefined) };
      expect(() => assertOptions(options)).not.toThrow();
    },
  );

  const OPEN = { http: '3000', unsafeNoAuth: true };
  test.each<readonly [what: string, options: object]>([
    ['a proxy', { behindProxy: ['127.0.0.1/32'] }],
    ['one more name', { allowHost: ['files.example'] }],
    ['a page', { allowOrigin: ['https://app.example'] }],
    ['callers who prove their key', { requireSenderConstrained: true }],
    ['callers who can be revoked', { revocations: 'revocations.json' }],
    ['certificates', { tlsCert: 'c', tlsKey: 'k', tlsClientCa: 'ca' }],
    ['a name that is not on loopback', { resource: 'https://files.example/mcp' }],
  ])(
    verifies('C5.bind', 'whoever can connect is the local user, and there is: %s'),
    (_what, more) => {
      expect(() => assertOptions({ ...OPEN, ...more })).toThrow(
        /^--(?:unsafe-no-auth: cannot stand beside|require-sender-constrained: needs)/,
      );
    },
  );

  const RIGHT: readonly (readonly [what: string, options: object])[] = [
    ['keys', KEYS],
    ['an issuer', ISSUER],
    ['an issuer on loopback', { ...ISSUER, issuer: 'http://127.0.0.1:4000' }],
    ['an issuer with a path', { ...ISSUER, issuer: 'https://as.example/realms/a' }],
    ['an issuer that is asked', { ...ASKED, introspection: 'https://as.example/i' }],
    ['an issuer that is asked, all on loopback', LOCAL],
    ['nobody, where that was said', OPEN],
    ['nobody, under a name of loopback', { ...OPEN, resource: 'http://localhost:3000/mcp' }],
    ['what is off, and lists of nothing', { ...OPEN, anyTokenType: false, allowHost: [] }],
    ['proxies that are named', { ...KEYS, behindProxy: ['10.0.0.0/8', 'fd00::/8'] }],
  ];

  test.each(RIGHT)('%s starts', (_what, options) => {
    expect(() => assertOptions(options)).not.toThrow();
  });
});

describe('endpoints', () => {
  test.each([
    ['3000', '127.0.0.1', 3000],
    ['0.0.0.0:3000', '0.0.0.0', 3000],
    ['[::1]:3000', '::1', 3000],
    ['localhost:0', 'localhost', 0],
  ])(verifies('C5.bind', '%s is %s, %i'), (text, host, port) => {
    expect(endpointOf('--http', text)).toEqual({ host, port });
  });

  test('a port above all ports is none', () => {
    expect(() => endpointOf('--http', '65536')).toThrow(/at most 65535/);
  });
});

describe('names', () => {
  const bound = { host: '127.0.0.1', port: 3000 };
  const hostsOf = (options: object) => {
    const common = commonOptions.parse(options);
    return [...rulesOf(common, bound, resourceOf(common, bound)).hosts].toSorted();
  };

  test(
    verifies('E10.host', 'on loopback its names with the port are served, and no others'),
    () => {
      expect(hostsOf(KEYS)).toEqual(['127.0.0.1:3000', '[::1]:3000', 'localhost:3000']);
    },
  );

  test(
    verifies('E10.host', 'the name of the resource is served, with its usual port and without'),
    () => {
      expect(hostsOf({ ...ISSUER, allowHost: ['Inner.Example:8443'] })).toEqual([
        '127.0.0.1:3000',
        '[::1]:3000',
        'inner.example:8443',
        'localhost:3000',
        'mcp.example',
        'mcp.example:443',
      ]);
    },
  );

  test(verifies('E1.exact', 'an origin is scheme, host and port, as browsers write it'), () => {
    const common = commonOptions.parse({ ...KEYS, allowOrigin: ['https://app.example:443/'] });
    const { origins } = rulesOf(common, { host: '0.0.0.0', port: 1 }, resourceOf(common, bound));
    expect([...origins]).toEqual(['https://app.example']);
    const path = commonOptions.parse({ ...KEYS, allowOrigin: ['https://app.example/page'] });
    expect(() => rulesOf(path, bound, resourceOf(path, bound))).toThrow(/--allow-origin/);
  });

  test(
    verifies(
      'E10.origin',
      'of its own names only the very address that it listens on is an origin',
    ),
    () => {
      const common = commonOptions.parse(KEYS);
      const { origins } = rulesOf(common, bound, resourceOf(common, bound));
      expect([...origins]).toEqual(['http://127.0.0.1:3000']);
    },
  );

  test(verifies('E3.addresses', 'what is no network stops the start'), () => {
    const common = commonOptions.parse({ ...KEYS, allowIp: ['10.0.0.0/33'] });
    expect(() => rulesOf(common, bound, resourceOf(common, bound))).toThrow(/--allow-ip/);
  });
});
