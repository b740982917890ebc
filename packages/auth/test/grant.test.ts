import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { grantFor, localPrincipal, type Principal, policySchema } from '../src/index.ts';

const alice: Principal = {
  id: 'https://as.example|alice',
  kind: 'user',
  scopes: new Set(['files:read']),
  issuer: 'https://as.example',
  subject: 'alice',
};
const local = localPrincipal(['files:read']);

const policy = policySchema.parse({
  version: 1,
  principals: [
    { match: { subject: 'alice', issuer: 'https://as.example' }, tools: ['read_*', 'list_roots'] },
    { match: { kind: 'local' }, tools: ['*'], resources: ['workspace'] },
  ],
});

describe('grantFor', () => {
  test('without a policy, scopes and options decide alone', () => {
    const grant = grantFor(undefined, alice);
    expect(grant.allowsTool('anything')).toBe(true);
    expect(grant.entry).toBeUndefined();
  });

  test(verifies('C7.policy', 'the first entry that matches decides'), () => {
    const grant = grantFor(policy, alice);
    expect(grant.allowsTool('read_file')).toBe(true);
    expect(grant.allowsTool('list_roots')).toBe(true);
    expect(grant.allowsTool('list_directory')).toBe(false);
    expect(grant.allowsResource('workspace')).toBe(false);
    expect(grantFor(policy, local).allowsTool('list_directory')).toBe(true);
  });

  test.each([
    ['another subject', { ...alice, subject: 'mallory' }],
    ['the subject of another issuer', { ...alice, issuer: 'https://evil.example' }],
    ['no issuer', { id: 'x', kind: 'user' as const, scopes: new Set<string>(), subject: 'alice' }],
  ])(verifies('C7.default', 'a caller with %s may do nothing'), (_, principal) => {
    const grant = grantFor(policy, principal);
    expect(grant.allowsTool('read_file')).toBe(false);
    expect(grant.allowsResource('workspace')).toBe(false);
    expect(grant.entry?.files?.roots).toEqual([]);
  });
});

describe('policySchema', () => {
  test.each([
    ['an unknown field', { version: 1, principals: [], extra: 1 }],
    ['another version', { version: 2, principals: [] }],
    ['a match that matches everyone', { version: 1, principals: [{ match: {} }] }],
    [
      'a tool pattern with a star inside',
      { version: 1, principals: [{ match: { kind: 'local' }, tools: ['a*b'] }] },
    ],
    ['a kind that does not exist', { version: 1, principals: [{ match: { kind: 'root' } }] }],
    [
      'a right that does not exist',
      {
        version: 1,
        principals: [{ match: { id: 'x' }, files: { roots: [{ root: 'a', rights: ['all'] }] } }],
      },
    ],
  ])(verifies('C6.configuration', '%s is refused'), (_, value) => {
    expect(policySchema.safeParse(value).success).toBe(false);
  });
});
