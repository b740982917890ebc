import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { covers, type Scope } from '../src/index.ts';

describe('covers', () => {
  test.each<readonly [granted: string, needed: Scope, covered: boolean]>([
    ['files:read', 'files:read', true],
    ['files:write', 'files:read', true],
    ['files:read', 'files:write', false],
    ['git:write', 'files:read', false],
    ['files:*', 'files:read', false],
    ['files', 'files:read', false],
    ['*', 'files:read', false],
    ['files:writer', 'files:read', false],
    ['', 'files:read', false],
  ])(verifies('C7.scopes', '%s covers %s: %s'), (granted, needed, covered) => {
    expect(covers(new Set([granted]), needed)).toBe(covered);
  });
});
