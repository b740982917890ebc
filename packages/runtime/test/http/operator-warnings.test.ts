import { policySchema } from '@secure-mcp/auth';
import { parseKeyFile, type KeyFileContent } from '@secure-mcp/auth/network';
import { createTestAuthority } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import {
  callerWarnings,
  certificateWarnings,
  keyWarnings,
} from '../../src/http/operator-warnings.ts';

const DAY_MS = 86_400_000;
const now = Date.now();
const at = (days: number): string => new Date(now + days * DAY_MS).toISOString();

let keysMade = 0;

function key(principal: string, more: object = {}): object {
  keysMade += 1;
  const id = String(keysMade).padStart(12, '0');
  const sha256 = String(keysMade).padStart(64, '0');
  return { id, sha256, principal, scopes: ['files:read'], expiresAt: at(30), ...more };
}

function keysOf(keys: readonly object[], certificates: readonly object[] = []): KeyFileContent {
  const parsed = parseKeyFile({ version: 1, keys, certificates }, now);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.file.content;
}

const CERTIFICATE = {
  certificate: 'ab'.repeat(32),
  principal: 'backup',
  scopes: ['files:read'],
  expiresAt: at(30),
};
const NOBODY = '--keys: the file names nobody who may call now, so no key lets anybody in';

describe('the file of --keys', () => {
  const served = ['files:read'];

  test.each<readonly [what: string, keys: KeyFileContent, warnings: readonly string[]]>([
    ['with good keys', keysOf([key('a'), key('b')], [CERTIFICATE]), []],
    ['with one that counts from tomorrow', keysOf([key('a', { notBefore: at(1) })]), []],
    ['with a scope that brings the one along', keysOf([key('a', { scopes: ['files:write'] })]), []],
    ['with nothing in it', keysOf([]), [NOBODY]],
    ['with revoked keys only', keysOf([key('a', { revokedAt: at(-1) })]), [NOBODY]],
    ['with expired keys only', keysOf([key('a', { expiresAt: at(-1) })]), [NOBODY]],
    [
      'with a mistyped scope',
      keysOf([key('a', { id: 'aaaaaaaaaaaa', scopes: ['files:red', 'files:read'] })]),
      ['--keys: the key aaaaaaaaaaaa of a grants files:red, which is not served here'],
    ],
    [
      'with a mistyped scope of a certificate',
      keysOf([], [{ ...CERTIFICATE, scopes: ['file:read'] }]),
      [
        '--keys: the certificate abababababab… of backup grants file:read, which is not served here',
      ],
    ],
    [
      'with a mistyped scope of a key that is over',
      keysOf([key('a'), key('b', { scopes: ['files:red'], revokedAt: at(-1) })]),
      [],
    ],
  ])('%s', (_what, keys, warnings) => {
    expect(keyWarnings(keys, served, now)).toEqual(warnings);
  });

  test('with a thousand mistyped scopes says so in a few lines', () => {
    const keys = Array.from({ length: 1000 }, () => key('a', { scopes: ['x:y'] }));
    const warnings = keyWarnings(keysOf(keys), served, now);
    expect(warnings).toHaveLength(11);
    expect(warnings.at(-1)).toBe('--keys: and 990 more alike');
  });

  test('is not missed where there is none', () => {
    expect(keyWarnings(undefined, served, now)).toEqual([]);
  });
});

describe('a policy and the file of --keys', () => {
  const policy = (...matches: readonly object[]) =>
    policySchema.parse({ version: 1, principals: matches.map((match) => ({ match })) });
  const keys = keysOf([key('a'), key('b', { revokedAt: at(-1) })], [CERTIFICATE]);
  const lacks = (place: number, id: string): string =>
    `--policy: principals.${String(place)}: --keys lets in nobody who is called ${id}`;
  const unmatched = (id: string): string =>
    `--policy: no entry matches ${id} of --keys, so it may do nothing`;

  test.each<readonly [what: string, matches: readonly object[], warnings: readonly string[]]>([
    ['that know each other', [{ id: 'key:a' }, { id: 'certificate:backup' }], []],
    ['that know each other by kind', [{ kind: 'api-key' }, { kind: 'service' }], []],
    [
      'with a mistyped name',
      [{ id: 'key:A' }, { id: 'certificate:backup' }],
      [lacks(0, 'key:A'), unmatched('key:a')],
    ],
    [
      'with a caller whose only key is revoked',
      [{ kind: 'api-key' }, { id: 'certificate:backup' }, { id: 'key:b' }],
      [lacks(2, 'key:b')],
    ],
    [
      'with a certificate taken for a key',
      [{ id: 'key:a' }, { id: 'key:backup' }],
      [lacks(1, 'key:backup'), unmatched('certificate:backup')],
    ],
    [
      'with callers of an issuer, whom only the issuer knows',
      [{ kind: 'api-key' }, { kind: 'service' }, { id: 'https://as.example#7' }],
      [],
    ],
  ])('%s', (_what, matches, warnings) => {
    expect(callerWarnings(policy(...matches), keys, now)).toEqual(warnings);
  });

  test('a caller with several keys is named once', () => {
    const twice = keysOf([key('a'), key('a')]);
    expect(callerWarnings(policy({ subject: 'x' }), twice, now)).toEqual([unmatched('key:a')]);
  });

  test('without the one or the other', () => {
    expect(callerWarnings(undefined, keys, now)).toEqual([]);
    expect(callerWarnings(policy({ id: 'key:a' }), undefined, now)).toEqual([lacks(0, 'key:a')]);
  });
});

describe('the certificate', () => {
  const authority = createTestAuthority();
  const until = (days: number) => new Date(now + days * DAY_MS + 60_000);
  const good = { until: until(30) };

  test.each<
    readonly [
      what: string,
      options: Parameters<typeof authority.issueServer>[0],
      resource: string | undefined,
      warnings: readonly string[],
    ]
  >([
    ['for the host', { ...good, hosts: ['mcp.example'] }, 'https://mcp.example/mcp', []],
    ['for a wildcard', { ...good, hosts: ['*.mcp.example'] }, 'https://a.mcp.example/mcp', []],
    ['for an address', { ...good, hosts: ['127.0.0.1'] }, 'https://127.0.0.1:8443/mcp', []],
    ['for an IPv6 address', { ...good, hosts: ['::1'] }, 'https://[::1]:8443/mcp', []],
    ['where no resource is named', { ...good, hosts: ['other.example'] }, undefined, []],
    [
      'for another host, whatever its subject says',
      { ...good, name: 'mcp.example', hosts: ['other.example'] },
      'https://mcp.example:8443/mcp',
      ['--tls-cert: the certificate is not for mcp.example, which --resource names'],
    ],
    [
      'that names nothing but its subject',
      { ...good, name: 'mcp.example', hosts: [] },
      'https://mcp.example/mcp',
      ['--tls-cert: the certificate is not for mcp.example, which --resource names'],
    ],
    [
      'for another address',
      { ...good, hosts: ['127.0.0.1'] },
      'https://127.0.0.2/mcp',
      ['--tls-cert: the certificate is not for 127.0.0.2, which --resource names'],
    ],
    ['that lasts two weeks', { until: until(14) }, undefined, []],
    [
      'that ends within two weeks',
      { until: until(13) },
      undefined,
      ['--tls-cert: the certificate ends in 13 days'],
    ],
    [
      'that ends tomorrow',
      { until: until(1) },
      undefined,
      ['--tls-cert: the certificate ends in 1 day'],
    ],
    [
      'that ends today',
      { until: until(0) },
      undefined,
      ['--tls-cert: the certificate ends within a day'],
    ],
  ])('%s', (_what, options, resource, warnings) => {
    const { certificate } = authority.issueServer(options);
    const chain = `${certificate}${authority.certificate}`;
    expect(certificateWarnings(chain, resource, now)).toEqual(warnings);
  });
});
