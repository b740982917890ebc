import { describe, expect, test } from 'vitest';

import { type HttpWorld, PAGE } from './http-contract-world.ts';
import { verifies } from './verifies.ts';

const ALLOW_ORIGIN = 'access-control-allow-origin';

/** Tests what pages in a browser can do. Each request has a good key: a page can have come by one. */
export function testWeb(world: () => HttpWorld): void {
  const credential = (): string => `Bearer ${world().keys.reader}`;

  /** What a call with more headers comes to. */
  const callFrom = async (headers: Readonly<Record<string, string>>) => {
    const before = world().calls();
    const answer = await world().call(credential(), { headers });
    return {
      status: answer.status,
      isReadable: ALLOW_ORIGIN in answer.headers,
      ran: world().calls() - before,
    };
  };
  /** No tool ran, and the page may not read the answer, either. */
  const REFUSED = { status: 403, isReadable: false, ran: 0 };

  describe('pages', () => {
    test(verifies('E1.exact', 'one of a named origin may ask, call and read'), async () => {
      const { served, witness, contract } = world();
      const asked = await witness.send({
        url: served.url,
        method: 'OPTIONS',
        headers: {
          origin: PAGE,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
        },
      });
      expect(asked.status).toBe(204);
      expect(asked.headers[ALLOW_ORIGIN]).toBe(PAGE);
      expect(asked.headers['access-control-allow-headers']).toContain('authorization');
      const answer = await world().call(credential(), { headers: { origin: PAGE } });
      expect(answer.text).toContain(contract.call.holds);
      expect(answer.headers[ALLOW_ORIGIN]).toBe(PAGE);
      // A page of the origin has no credential of its own that a browser would send along.
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    });

    test.each([
      'https://evil.example',
      // Each fits a comparison that is a little less than exact.
      'https://app.example.evil.example',
      'https://evil-app.example',
      'http://app.example',
      'https://app.example:8443',
      'null',
    ])(verifies('E1.exact', 'E10.origin', 'one of %s may not'), async (origin) => {
      expect(await callFrom({ origin })).toEqual(REFUSED);
      const { served, witness } = world();
      const asked = await witness.send({
        url: served.url,
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(asked.status).toBe(403);
      expect(asked.headers).not.toHaveProperty(ALLOW_ORIGIN);
    });

    test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example'])(
      verifies('E10.host', 'one that reaches the server as %s may not'),
      async (host) => {
        expect(await callFrom({ host })).toEqual(REFUSED);
      },
    );
  });
}
