import { createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';

import { verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { TokenVerifier } from '../../src/index.ts';
import { createIntrospection, type IntrospectionOptions } from '../../src/network.ts';
import {
  type Answer,
  flood,
  json,
  type OddIssuer,
  silence,
  startOddIssuer,
  status,
} from '../helpers/odd-issuer.ts';
import { base64url, NOW, RESOURCE, SECONDS, signer, token } from '../jwt/tokens.ts';

let server: OddIssuer;
let now: number;

beforeEach(async () => {
  server = await startOddIssuer();
  now = NOW;
});

afterEach(() => server.close());

function introspection(options: Partial<IntrospectionOptions> = {}) {
  return createIntrospection({
    resource: RESOURCE,
    issuer: server.issuer,
    endpoint: `${server.issuer}/introspect`,
    client: () => ({ id: 'files', secret: 'secret' }),
    now: () => now,
    ...options,
  });
}

/** What the issuer says of a good token at NOW. */
function active(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    active: true,
    iss: server.issuer,
    sub: 'alice',
    client_id: 'desktop',
    aud: RESOURCE,
    iat: SECONDS - 10,
    exp: SECONDS + 290,
    jti: 'token-1',
    scope: 'files:read',
    token_type: 'Bearer',
    ...changes,
  };
}

function says(answer: unknown): void {
  server.answer('/introspect', json(answer));
}

async function verdict(verifier: TokenVerifier, text = 'opaque-token'): Promise<string> {
  const outcome = await verifier.verify(text);
  return outcome.ok ? 'ok' : outcome.problem.kind;
}

const questions = () => server.asked('/introspect');

describe('what the issuer says', () => {
  test(verifies('C4.introspection', 'an opaque token is what its issuer says'), async () => {
    says(active());
    expect(await introspection().verify('opaque-token')).toEqual({
      ok: true,
      confirmation: {},
      verified: {
        method: 'introspection',
        expiresAt: NOW + 290_000,
        issuedAt: NOW - 10_000,
        credentialId: 'token-1',
        principal: {
          id: `${server.issuer}|alice`,
          kind: 'user',
          issuer: server.issuer,
          subject: 'alice',
          client: 'desktop',
          scopes: new Set(['files:read']),
        },
      },
    });
  });

  test.each<readonly [what: string, changes: Record<string, unknown>, expected: object]>([
    ['the client for its subject', { sub: 'desktop' }, { principal: { kind: 'service' } }],
    ['a grant of a program', { gty: 'client-credentials' }, { principal: { kind: 'service' } }],
    ['no issuer', { iss: undefined }, { principal: { subject: 'alice' } }],
    ['no time of issue', { iat: undefined }, { expiresAt: NOW + 290_000 }],
    ['no type', { token_type: undefined }, { method: 'introspection' }],
    ['several audiences', { aud: ['x', RESOURCE] }, { method: 'introspection' }],
  ])(
    verifies('C4.introspection', 'an opaque token with %s is accepted'),
    async (_, changes, expected) => {
      says(active(changes));
      expect(await introspection().verify('opaque-token')).toMatchObject({
        ok: true,
        verified: expected,
      });
    },
  );

  test(verifies('C4.introspection', 'an opaque token bound to a key says so'), async () => {
    const jkt = base64url(Buffer.alloc(32, 3));
    says(active({ token_type: 'DPoP', cnf: { jkt } }));
    expect(await introspection().verify('opaque-token')).toMatchObject({
      confirmation: { dpopKey: jkt },
    });
  });

  test.each([undefined, 'opaque-token'])(
    verifies('C4.introspection', 'an opaque token never names itself in a record: jti %s'),
    async (jti) => {
      says(active({ jti }));
      const outcome = await introspection().verify('opaque-token');
      expect(outcome.ok && outcome.verified.credentialId).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(JSON.stringify(outcome)).not.toContain('opaque-token');
    },
  );

  test.each<readonly [what: string, changes: Record<string, unknown>]>([
    ['inactive', { active: false }],
    ['expired', { exp: SECONDS }],
    ['not valid yet', { nbf: SECONDS + 31 }],
    ['issued in the future', { iat: SECONDS + 31 }],
    ['living too long', { exp: SECONDS + 90_000 }],
    [
      'living too long from now, without a time of issue',
      { iat: undefined, exp: SECONDS + 90_000 },
    ],
    ['for another server', { aud: 'https://other.example/mcp' }],
    ['for nobody', { aud: undefined }],
    ['for a number', { aud: 7 }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['without an end', { exp: undefined }],
    ['with an end in words', { exp: String(SECONDS + 290) }],
    ['without a client', { client_id: undefined }],
    ['without a subject, which could be any person’s', { sub: undefined }],
    ['with a subject that is an object', { sub: {} }],
    ['with a subject with a NUL', { sub: 'a\0' }],
    ['with a subject with a character that nobody sees', { sub: 'alice\u200B' }],
    ['with a scope that is a number', { scope: 7 }],
    ['a refresh token', { token_type: 'refresh_token' }],
    ['bound to a key that is not named', { token_type: 'DPoP' }],
    ['bound in an unknown way', { cnf: { kid: 'x' } }],
    ['bound to nothing', { cnf: {} }],
  ])(verifies('C4.introspection', 'an opaque token that is %s is refused'), async (_, changes) => {
    says(active(changes));
    expect(await verdict(introspection())).toBe('invalid');
  });

  test.each<readonly [what: string, answer: Answer]>([
    ['an answer without "active"', json({ sub: 'alice' })],
    ['"active" in words', json({ active: 'true' })],
    ['"active" as a number', json({ active: 1 })],
    ['"active" twice', json('{"active":false,"active":true}')],
    ['a list', json([{ active: true }])],
    ['a page', json({ active: true }, 'text/html')],
    ['a signed answer', json({ active: true }, 'application/token-introspection+jwt')],
    ['nothing', json('')],
    ['500', status(500)],
    ['401', status(401)],
    ['a redirect', status(307, { location: '/elsewhere' })],
    ['more than 64 KiB', json({ active: true, note: 'a'.repeat(65_536) })],
    ['what has no end', flood],
  ])(
    verifies('C4.introspection', 'an opaque token about which the issuer says %s lets nobody in'),
    async (_, answer) => {
      server.answer('/introspect', answer);
      server.answer('/elsewhere', json(active()));
      expect(await verdict(introspection())).toBe('unavailable');
      expect(server.asked('/elsewhere')).toBe(0);
    },
  );

  test(
    verifies(
      'C4.introspection',
      'an opaque token about which the issuer never finishes is given up',
    ),
    { timeout: 60_000 },
    async () => {
      server.answer('/introspect', silence);
      expect(await verdict(introspection())).toBe('unavailable');
    },
  );

  test(
    verifies('C4.introspection', 'an opaque token is asked about where the metadata says'),
    async () => {
      const { issuer } = server;
      const introspectionEndpoint = `${issuer}/elsewhere`;
      server.answer(
        '/.well-known/oauth-authorization-server',
        json({ issuer, introspection_endpoint: introspectionEndpoint }),
      );
      server.answer('/elsewhere', json(active()));
      const verifier = createIntrospection({
        resource: RESOURCE,
        issuer,
        client: () => ({ id: 'files', secret: 'secret' }),
        now: () => now,
      });
      expect(await verdict(verifier)).toBe('ok');
    },
  );
});

describe('the token', () => {
  test(
    verifies(
      'C4.introspection',
      'what is asked about is what is no JWT and no API key, unless JWTs are asked about as well',
    ),
    () => {
      const jwt = token(signer());
      const plain = introspection();
      expect(plain.recognises('opaque-token')).toBe(true);
      expect(plain.recognises('mcpk_abcdefghijkl_rest')).toBe(false);
      expect(plain.recognises(jwt)).toBe(false);
      const both = introspection({ jwts: true });
      expect(both.recognises(jwt)).toBe(true);
      expect(both.recognises('mcpk_abcdefghijkl_rest')).toBe(false);
    },
  );

  test.each([
    ['longer than any issuer makes it', 'a'.repeat(2049)],
    ['a path', '../../../etc/passwd'],
  ])(verifies('C4.introspection', 'what is asked about is nothing that is %s'), async (_, text) => {
    says(active());
    expect(await verdict(introspection(), text)).toBe('invalid');
    expect(questions()).toBe(0);
    expect(await verdict(introspection(), 'a'.repeat(2048))).toBe('ok');
  });

  test(
    verifies('C4.introspection', 'what is asked about is no other text for the same JWT'),
    async () => {
      says(active());
      const jwt = token(signer());
      const twin = `${jwt.slice(0, -1)}${jwt.endsWith('A') ? 'B' : String.fromCodePoint((jwt.codePointAt(jwt.length - 1) ?? 0) + 1)}`;
      const both = introspection({ jwts: true });
      expect(await verdict(both, jwt)).toBe('ok');
      expect(await verdict(both, twin)).toBe('invalid');
      expect(questions()).toBe(1);
    },
  );
});

describe('the client', () => {
  test(
    verifies('C4.introspection', 'a server that asks sends its id and its secret form-encoded'),
    async () => {
      let seen = '';
      server.answer('/introspect', (request, response, body) => {
        seen = `${String(request.headers.authorization)} ${body}`;
        json(active())(request, response, body);
      });
      await introspection({ client: () => ({ id: 'files: é', secret: 'a:b%c+d' }) }).verify(
        'opaque&x=1',
      );
      const [scheme, pair = '', body] = seen.split(' ');
      expect(scheme).toBe('Basic');
      expect(Buffer.from(pair, 'base64').toString('latin1')).toBe('files%3A+%C3%A9:a%3Ab%25c%2Bd');
      expect(new URLSearchParams(body).get('token')).toBe('opaque&x=1');
    },
  );

  test.each(['ec', 'rsa', 'ed25519'] as const)(
    verifies('C4.introspection', 'a server that asks signs an assertion with its %s key'),
    async (type) => {
      const { privateKey } =
        type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
          : type === 'rsa'
            ? generateKeyPairSync('rsa', { modulusLength: 2048 })
            : generateKeyPairSync('ed25519');
      let parameters = new URLSearchParams();
      server.answer('/introspect', (request, response, body) => {
        parameters = new URLSearchParams(body);
        expect(request.headers.authorization).toBeUndefined();
        json(active())(request, response, body);
      });
      expect(
        await verdict(introspection({ client: () => ({ id: 'files', privateKey, kid: 'k1' }) })),
      ).toBe('ok');
      const [head = '', body = '', signature = ''] = String(
        parameters.get('client_assertion'),
      ).split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
      expect(claims).toMatchObject({
        iss: 'files',
        sub: 'files',
        aud: server.issuer,
        exp: SECONDS + 60,
      });
      expect(JSON.parse(Buffer.from(head, 'base64url').toString('utf8'))).toMatchObject({
        kid: 'k1',
      });
      if (type === 'ed25519') {
        const data = Buffer.from(`${head}.${body}`);
        expect(
          verify(null, data, createPublicKey(privateKey), Buffer.from(signature, 'base64url')),
        ).toBe(true);
      }
    },
  );

  test(
    verifies('C4.introspection', 'a server asks with a new secret as soon as there is one'),
    async () => {
      let secret = 'old';
      server.answer('/introspect', (request, response, body) => {
        const [, pair = ''] = String(request.headers.authorization).split(' ');
        const known = Buffer.from(pair, 'base64').toString() === 'files:new';
        (known ? json(active()) : status(401))(request, response, body);
      });
      const verifier = introspection({ client: () => ({ id: 'files', secret }) });
      expect(await verdict(verifier)).toBe('unavailable');
      secret = 'new';
      expect(await verdict(verifier)).toBe('ok');
    },
  );

  test.each<readonly [what: string, options: Partial<IntrospectionOptions>]>([
    ['no secret', { client: () => ({ id: 'files', secret: '' }) }],
    [
      'a public key',
      { client: () => ({ id: 'files', privateKey: generateKeyPairSync('ed25519').publicKey }) },
    ],
    ['an endpoint without TLS', { endpoint: 'http://as.example/introspect' }],
    ['an issuer without TLS', { issuer: 'http://as.example' }],
  ])(
    verifies('C4.introspection', 'a server that asks with %s is refused at the start'),
    (_, options) => {
      expect(() => introspection(options)).toThrow(TypeError);
    },
  );
});

describe('memory', () => {
  test(
    verifies('C4.introspection', 'answers are shared by those who ask at the same time'),
    async () => {
      says(active());
      const verifier = introspection();
      const verdicts = await Promise.all(Array.from({ length: 50 }, () => verdict(verifier)));
      expect(new Set(verdicts)).toEqual(new Set(['ok']));
      expect(questions()).toBe(1);
    },
  );

  test(
    verifies(
      'C4.introspection',
      'answers of "yes" are believed for half a minute, and not beyond the end of the token',
    ),
    async () => {
      says(active());
      const verifier = introspection();
      expect(await verdict(verifier)).toBe('ok');
      says({ active: false });
      now += 29_999;
      expect(await verdict(verifier)).toBe('ok');
      now += 1;
      expect(await verdict(verifier)).toBe('invalid');

      now = NOW;
      says(active({ exp: SECONDS + 5 }));
      expect(await verdict(verifier, 'another')).toBe('ok');
      now += 5000;
      expect(await verdict(verifier, 'another')).toBe('invalid');
    },
  );

  test(verifies('C4.introspection', 'answers of "no" are believed for five seconds'), async () => {
    says({ active: false });
    const verifier = introspection();
    for (let index = 0; index < 20; index += 1) expect(await verdict(verifier)).toBe('invalid');
    expect(questions()).toBe(1);
    says(active());
    now += 5000;
    expect(await verdict(verifier)).toBe('ok');
  });

  test(
    verifies(
      'C4.introspection',
      'answers are forgotten by a reload, also those that are on their way',
    ),
    async () => {
      says(active());
      const verifier = introspection();
      expect(await verdict(verifier)).toBe('ok');
      const held = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      server.answer('/introspect', (request, response, body) => {
        asked.resolve();
        void held.promise.then(() => json(active())(request, response, body));
      });
      const early = verdict(verifier, 'another');
      await asked.promise;
      says({ active: false });
      verifier.reload();
      held.resolve();
      expect(await early).toBe('ok');
      expect(await verdict(verifier)).toBe('invalid');
      expect(await verdict(verifier, 'another')).toBe('invalid');
    },
  );
});

describe('the breaker', () => {
  test(
    verifies('C4.introspection', 'an issuer in trouble is asked about a few tokens at a time'),
    async () => {
      const held = Promise.withResolvers<void>();
      server.answer('/introspect', (request, response, body) => {
        void held.promise.then(() => json(active())(request, response, body));
      });
      const verifier = introspection();
      const verdicts = Array.from({ length: 200 }, () => verdict(verifier, randomUUID()));
      const early = await Promise.race(verdicts);
      expect(early).toBe('unavailable');
      held.resolve();
      const all = await Promise.all(verdicts);
      expect(all.filter((one) => one === 'ok')).toHaveLength(32);
      expect(questions()).toBe(32);
    },
  );

  test(
    verifies(
      'C4.introspection',
      'an issuer in trouble is left alone after five failures, and tried again by one token',
    ),
    async () => {
      server.answer('/introspect', status(500));
      const verifier = introspection();
      for (let index = 0; index < 50; index += 1) {
        expect(await verdict(verifier, randomUUID())).toBe('unavailable');
      }
      expect(questions()).toBe(5);
      now += 10_000;
      await Promise.all(Array.from({ length: 20 }, () => verdict(verifier, randomUUID())));
      expect(questions()).toBe(6);
      says(active());
      now += 10_000;
      expect(await verdict(verifier)).toBe('ok');
      expect(await verdict(verifier, 'another')).toBe('ok');
    },
  );

  test.each([400, 403, 413, 414, 422, 431])(
    verifies(
      'C4.introspection',
      'an issuer in trouble is not taken to be in trouble because of what callers send: %i',
    ),
    async (code) => {
      server.answer('/introspect', status(code));
      const verifier = introspection();
      for (let index = 0; index < 20; index += 1) {
        expect(await verdict(verifier, randomUUID())).toBe('invalid');
      }
      says(active());
      expect(await verdict(verifier)).toBe('ok');
    },
  );

  test.each<readonly [what: string, answer: Answer]>([
    ['404', status(404)],
    ['429', status(429)],
    ['a redirect', status(302, { location: '/elsewhere' })],
    ['a page', json({ active: true }, 'text/html')],
    ['too much', json({ active: true, note: 'a'.repeat(65_536) })],
    ['nothing about it', json({})],
  ])(
    verifies(
      'C4.introspection',
      'an issuer in trouble is one that fails, not one that says %s about one token',
    ),
    async (_, answer) => {
      server.answer('/introspect', answer);
      const verifier = introspection();
      for (let index = 0; index < 20; index += 1) {
        expect(await verdict(verifier, randomUUID())).toBe('unavailable');
      }
      says(active());
      expect(await verdict(verifier)).toBe('ok');
    },
  );

  test(
    verifies(
      'C4.introspection',
      'an issuer in trouble with tokens that it never accepted is asked about those that it did',
    ),
    async () => {
      says(active());
      const verifier = introspection();
      expect(await verdict(verifier, 'known')).toBe('ok');
      now += 30_000;
      server.answer('/introspect', status(500));
      for (let index = 0; index < 20; index += 1) {
        expect(await verdict(verifier, randomUUID())).toBe('unavailable');
      }
      says(active());
      expect(await verdict(verifier, 'known')).toBe('ok');
      expect(await verdict(verifier, 'stranger')).toBe('unavailable');
    },
  );
});
