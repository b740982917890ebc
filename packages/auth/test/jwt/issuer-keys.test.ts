import { gzipSync } from 'node:zlib';

import { verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createJwtVerifier, type JwtVerifier } from '../../src/network.ts';
import {
  type Answer,
  flood,
  json,
  type OddIssuer,
  silence,
  startOddIssuer,
  status,
} from '../helpers/odd-issuer.ts';
import { NOW, RESOURCE, type Signer, signer, token } from './tokens.ts';

const MINUTE = 60_000;

let issuer: OddIssuer;
let now: number;
let verifier: JwtVerifier;

beforeEach(async () => {
  issuer = await startOddIssuer();
  now = NOW;
  verifier = createJwtVerifier({
    resource: RESOURCE,
    issuers: [
      { issuer: issuer.issuer, jwks: `${issuer.issuer}/jwks`, lifetimeMaxMs: 24 * 60 * MINUTE },
    ],
    now: () => now,
  });
});

afterEach(() => issuer.close());

function publish(...keys: readonly Signer[]): void {
  issuer.answer('/jwks', json({ keys: keys.map(({ jwk }) => jwk) }));
}

/** A token that outlives the test's clock, so that only keys decide. */
function lasting(key: Signer, header: Readonly<Record<string, unknown>> = {}): string {
  const seconds = NOW / 1000;
  return token(key, { iss: issuer.issuer, iat: seconds - 60, exp: seconds + 20 * 3600 }, header);
}

async function verdict(text: string): Promise<string> {
  const outcome = await verifier.verify(text);
  return outcome.ok ? 'ok' : outcome.problem.kind;
}

const fetches = () => issuer.asked('/jwks');

describe('fresh keys', () => {
  test(
    verifies(
      'C4.issuer-keys',
      'the keys of an issuer are fetched with the first token, and once for many that come together',
    ),
    async () => {
      const key = signer();
      publish(key);
      expect(fetches()).toBe(0);
      const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict(lasting(key))));
      expect(new Set(verdicts)).toEqual(new Set(['ok']));
      expect(fetches()).toBe(1);
    },
  );

  test(
    verifies('C4.issuer-keys', 'the keys of an issuer follow a rotation with the next token'),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      expect(await verdict(lasting(old))).toBe('ok');
      publish(fresh, old);
      expect(await verdict(lasting(fresh))).toBe('ok');
      expect(await verdict(lasting(old))).toBe('ok');
      expect(fetches()).toBe(2);
    },
  );

  test(
    verifies('C4.issuer-keys', 'the keys of an issuer that were withdrawn end within their age'),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      expect(await verdict(lasting(old))).toBe('ok');
      publish(fresh);
      now += 10 * MINUTE - 1;
      expect(await verdict(lasting(old))).toBe('ok');
      now += 1;
      expect(await verdict(lasting(old))).toBe('invalid');
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the keys of an issuer that were withdrawn end at once when they are reloaded',
    ),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      expect(await verdict(lasting(old))).toBe('ok');
      publish(fresh);
      await verifier.reload();
      expect(await verdict(lasting(old))).toBe('invalid');
      expect(await verdict(lasting(fresh))).toBe('ok');
    },
  );

  test(
    verifies('C4.issuer-keys', 'the keys of an issuer that are all taken back verify nothing'),
    async () => {
      const key = signer();
      publish(key);
      expect(await verdict(lasting(key))).toBe('ok');
      publish();
      await verifier.reload();
      expect(await verdict(lasting(key))).toBe('invalid');
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the keys of an issuer are not replaced by a fetch that began before the reload',
    ),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      expect(await verdict(lasting(old))).toBe('ok');
      const held = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      issuer.answer('/jwks', (request, response, body) => {
        asked.resolve();
        void held.promise.then(() => json({ keys: [old.jwk] })(request, response, body));
      });
      const waiting = verdict(lasting(fresh));
      await asked.promise;
      publish(fresh);
      const reloaded = verifier.reload();
      held.resolve();
      await Promise.all([waiting, reloaded]);
      expect(await verdict(lasting(old))).toBe('invalid');
      expect(await verdict(lasting(fresh))).toBe('ok');
    },
  );
});

describe('unknown keys', () => {
  test(
    verifies(
      'C4.issuer-keys',
      'a flood of unknown keys becomes no flood at the issuer, and hides a new key for half a minute at most',
    ),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      for (let index = 0; index < 500; index += 1) {
        expect(await verdict(lasting(old, { kid: `invented-${String(index)}` }))).toBe('invalid');
      }
      expect(fetches()).toBeLessThanOrEqual(5);
      expect(await verdict(lasting(old))).toBe('ok');
      publish(fresh, old);
      expect(await verdict(lasting(fresh))).toBe('invalid');
      now += 30_000;
      expect(await verdict(lasting(fresh))).toBe('ok');
      expect(fetches()).toBeLessThanOrEqual(6);
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'a flood of unknown keys goes on for an hour at two fetches a minute',
    ),
    async () => {
      const key = signer();
      publish(key);
      for (let second = 0; second < 3600; second += 1) {
        now += 1000;
        await verifier.verify(lasting(key, { kid: `invented-${String(second)}` }));
      }
      // Those that the age of the keys wants are among them.
      expect(fetches()).toBeLessThanOrEqual(5 + 120 + 6);
    },
  );

  test(
    verifies('C4.issuer-keys', 'one client with an old key asks once in half a minute'),
    async () => {
      const key = signer();
      publish(key);
      for (let index = 0; index < 50; index += 1) await verdict(lasting(key, { kid: 'old' }));
      expect(fetches()).toBe(2);
    },
  );
});

describe('no keys', () => {
  test(
    verifies(
      'C4.issuer-keys',
      'an issuer that does not answer is lived without for an hour, and then nobody is let in',
    ),
    async () => {
      const key = signer();
      publish(key);
      expect(await verdict(lasting(key))).toBe('ok');
      issuer.answer('/jwks', status(500));
      now += 11 * MINUTE;
      expect(await verdict(lasting(key))).toBe('ok');
      now += 58 * MINUTE;
      expect(await verdict(lasting(key))).toBe('ok');
      now += 2 * MINUTE;
      expect(await verdict(lasting(key))).toBe('unavailable');
      publish(key);
      now += 5000;
      expect(await verdict(lasting(key))).toBe('ok');
    },
  );

  test(
    verifies('C4.issuer-keys', 'an issuer that does not answer is not asked for each token'),
    async () => {
      const key = signer();
      issuer.answer('/jwks', status(500));
      for (let index = 0; index < 50; index += 1)
        expect(await verdict(lasting(key))).toBe('unavailable');
      expect(fetches()).toBe(1);
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'an issuer that does not answer keeps the former keys when a reload fails',
    ),
    async () => {
      const key = signer();
      publish(key);
      expect(await verdict(lasting(key))).toBe('ok');
      issuer.answer('/jwks', status(500));
      await expect(verifier.reload()).rejects.toThrow();
      expect(await verdict(lasting(key))).toBe('ok');
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'an issuer that does not answer leaves it open whether an unknown key is good',
    ),
    async () => {
      const [old, fresh] = [signer(), signer()];
      publish(old);
      expect(await verdict(lasting(old))).toBe('ok');
      issuer.answer('/jwks', status(500));
      expect(await verdict(lasting(fresh))).toBe('unavailable');
    },
  );
});

describe('odd answers', () => {
  const key = signer();
  const good = JSON.stringify({ keys: [key.jwk] });

  test.each<readonly [what: string, answer: Answer]>([
    ['a redirect to the keys', status(302, { location: '/elsewhere' })],
    ['a redirect that stays', status(308, { location: '/elsewhere' })],
    ['another status', status(203)],
    ['a page', json(good, 'text/html')],
    ['no type', (_request, response) => response.end(good)],
    ['more than 256 KiB', json(good.replace('{', `{"note":"${'a'.repeat(262_144)}",`))],
    [
      'more than 256 KiB, packed',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(good.replace('{', `{"note":"${'a'.repeat(50_000_000)}",`)));
      },
    ],
    ['what has no end', flood],
    ['two sets in one', json(good.replace('}', ',"kty":"EC"}').replace('{', '{"keys":[],'))],
    ['half a set', json(good.slice(0, -2))],
    ['a list', json([key.jwk])],
    ['null', json('null')],
    ['nothing', json('')],
    ['keys that are no list', json({ keys: { 0: key.jwk } })],
    ['hundreds of keys', json({ keys: Array.from({ length: 65 }, () => key.jwk) })],
    [
      'an answer that breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999' });
        response.write(good);
        setTimeout(() => response.destroy(), 50);
      },
    ],
  ])(verifies('C4.issuer-keys', 'in place of keys, %s lets nobody in'), async (_, answer) => {
    issuer.answer('/jwks', answer);
    issuer.answer('/elsewhere', json(good));
    expect(await verdict(lasting(key))).toBe('unavailable');
    expect(issuer.asked('/elsewhere')).toBe(0);
  });

  test(
    verifies('C4.issuer-keys', 'in place of keys, an answer that never ends is given up'),
    { timeout: 60_000 },
    async () => {
      issuer.answer('/jwks', silence);
      expect(await verdict(lasting(key))).toBe('unavailable');
    },
  );

  test.each(['application/json; charset=utf-8', 'application/jwk-set+json', 'APPLICATION/JSON'])(
    verifies('C4.issuer-keys', 'the type %s is JSON'),
    async (type) => {
      issuer.answer('/jwks', json(good, type));
      expect(await verdict(lasting(key))).toBe('ok');
    },
  );

  test(verifies('C4.issuer-keys', 'keys of other kinds are passed over'), async () => {
    const others = [
      null,
      7,
      {},
      { kty: 'oct', k: 'AAAA' },
      { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' },
    ];
    issuer.answer('/jwks', json({ keys: [...others, key.jwk] }));
    expect(await verdict(lasting(key))).toBe('ok');
  });
});
