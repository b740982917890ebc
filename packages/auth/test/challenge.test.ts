import { verifies } from '@secure-mcp/testkit';
import { challengeForSdk, readChallenges } from '@secure-mcp/testkit/authorization-server';
import { describe, expect, test } from 'vitest';

import type { Verified } from '../src/index.ts';
import { type ChallengeOptions, createChallenges } from '../src/network.ts';

const METADATA = 'https://files.example/.well-known/oauth-protected-resource/mcp';
const options: ChallengeOptions = {
  resourceMetadataUrl: METADATA,
  scopes: ['files:read'],
  bearer: true,
  dpopAlgorithms: ['ES256', 'EdDSA'],
};
const challenges = createChallenges(options);

const caller: Verified = {
  principal: { id: 'x', kind: 'user', scopes: new Set() },
  method: 'jwt',
  expiresAt: 0,
};

describe('a challenge', () => {
  test('for a missing credential names no error', () => {
    const rest = `resource_metadata="${METADATA}", scope="files:read"`;
    expect(challenges.unauthorized({ kind: 'missing' })).toBe(
      `Bearer ${rest}, DPoP ${rest}, algs="ES256 EdDSA"`,
    );
  });

  test(
    verifies(
      'C4.required',
      'the challenge for a token that is not accepted is the same whatever is wrong with it',
    ),
    () => {
      const texts = ['expired', 'forged', 'revoked'].map((detail) =>
        challenges.unauthorized({ kind: 'invalid', detail }),
      );
      expect(new Set(texts).size).toBe(1);
      expect(texts[0]).toMatch(/^Bearer error="invalid_token", error_description="[\w .]+", /);
      expect(texts[0]).toMatch(/, DPoP error="invalid_token"/);
      expect(texts[0]).not.toMatch(/expired|forged|revoked/);
    },
  );

  test('for a proof that is not accepted is about DPoP', () => {
    const text = challenges.unauthorized({ kind: 'proof', detail: 'x' });
    expect(text).toContain('DPoP error="invalid_dpop_proof"');
    expect(text).not.toMatch(/Bearer error/);
  });

  test('is not sent where a new credential would not help', () => {
    expect(challenges.unauthorized({ kind: 'unavailable', detail: 'x' })).toBeUndefined();
  });

  test('for more scopes names all of them, under the scheme of the token', () => {
    const needed = ['files:read', 'files:write'];
    expect(challenges.insufficientScope(needed, caller)).toMatch(
      /^Bearer error="insufficient_scope", error_description="[\w .]+", scope="files:read files:write", resource_metadata="[^"]+"$/,
    );
    expect(challenges.insufficientScope(needed, { ...caller, boundTo: 'certificate' })).toMatch(
      /^Bearer /,
    );
    expect(challenges.insufficientScope(needed, { ...caller, boundTo: 'dpop' })).toMatch(
      /^DPoP .*algs="ES256 EdDSA"$/,
    );
  });

  test('offers only the schemes that are accepted', () => {
    const bearer = createChallenges({ ...options, dpopAlgorithms: [] });
    expect(bearer.unauthorized({ kind: 'missing' })).not.toContain('DPoP');
    const dpop = createChallenges({ ...options, bearer: false });
    expect(dpop.unauthorized({ kind: 'missing' })).toMatch(/^DPoP /);
    expect(dpop.unauthorized({ kind: 'missing' })).not.toContain('Bearer');
    expect(() => createChallenges({ ...options, bearer: false, dpopAlgorithms: [] })).toThrow(
      TypeError,
    );
  });

  test('where there is no authorization server is the scheme alone', () => {
    const plain = createChallenges({
      resourceMetadataUrl: undefined,
      scopes: [],
      bearer: true,
      dpopAlgorithms: [],
    });
    expect(plain.unauthorized({ kind: 'missing' })).toBe('Bearer');
  });

  test.each(['a"b', 'a\\b', 'a\r\nset-cookie: x', 'é'])('cannot be broken out of: %j', (scope) => {
    expect(() => createChallenges({ ...options, scopes: [scope] })).toThrow(TypeError);
    expect(() => challenges.insufficientScope([scope], caller)).toThrow(TypeError);
  });

  test.each(['missing', 'invalid', 'proof'] as const)(
    'is understood by the client of the SDK: %s',
    (kind) => {
      const text = String(
        challenges.unauthorized(kind === 'missing' ? { kind } : { kind, detail: 'x' }),
      );
      const response = new Response(null, { status: 401, headers: { 'www-authenticate': text } });
      expect(challengeForSdk(response)).toMatchObject({
        resourceMetadataUrl: new URL(METADATA),
        scope: 'files:read',
      });
    },
  );

  test('is two challenges to a client that knows of several', async () => {
    const text = String(challenges.unauthorized({ kind: 'invalid', detail: 'x' }));
    const common = {
      error: 'invalid_token',
      error_description: 'The access token is not accepted.',
      resource_metadata: METADATA,
      scope: 'files:read',
    };
    expect(await readChallenges(text)).toEqual([
      { scheme: 'bearer', parameters: common },
      { scheme: 'dpop', parameters: { ...common, algs: 'ES256 EdDSA' } },
    ]);
  });
});
