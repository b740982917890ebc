import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { commonOptions } from '../../src/config/common.ts';
import { assertHttpOptions, endpointOf, resourceOf, rulesOf } from '../../src/http/settings.ts';

const KEYS = { http: '3000', keys: 'keys.json' };
const ISSUER = { http: '3000', issuer: 'https://as.example', resource: 'https://mcp.example/mcp' };

function assertOptions(options: object): void {
  assertHttpOptions(commonOptions.parse(options));
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
    ['a path that goes up', { ...ISSUER, resource: 'https://mcp.example/a/../mcp' }, '--resource'],
  ];

  test.each(WRONG)(verifies('C6.configuration', '%s'), (_what, options, field) => {
    expect(() => assertOptions(options)).toThrow(expect.objectContaining({ field }));
  });

  const RIGHT: readonly (readonly [what: string, options: object])[] = [
    ['keys', KEYS],
    ['an issuer', ISSUER],
    ['an issuer on loopback', { ...ISSUER, issuer: 'http://127.0.0.1:4000' }],
    ['an issuer with a path', { ...ISSUER, issuer: 'https://as.example/realms/a' }],
    ['nobody, where that was said', { http: '3000', unsafeNoAuth: true }],
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

  test(verifies('E3.addresses', 'what is no network stops the start'), () => {
    const common = commonOptions.parse({ ...KEYS, allowIp: ['10.0.0.0/33'] });
    expect(() => rulesOf(common, bound, resourceOf(common, bound))).toThrow(/--allow-ip/);
  });
});
