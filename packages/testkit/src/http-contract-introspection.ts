import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from './authorization-server/index.ts';
import {
  callRequest,
  type HttpContract,
  recordsIn,
  soon,
  UNLIMITED,
  writeSecret,
} from './http-contract-world.ts';
import { type HttpProcess, startOnFreePort } from './http-process.ts';
import { createWitness } from './http-wire.ts';
import { makeTemp } from './temp.ts';
import { verifies } from './verifies.ts';

/** Tests a server that asks the issuer about each token (RFC 7662). */
export function testIntrospection(contract: HttpContract): void {
  describe('tokens that the issuer is asked about', () => {
    const temp = makeTemp();
    const witness = createWitness();
    const audit = `${temp.path}/audit.jsonl`;
    let issuer: AuthorizationServerUnderTest;
    let served: HttpProcess;
    beforeAll(async () => {
      issuer = await startAuthorizationServer({ resources: {} });
      const { id, secret } = issuer.introspector;
      secrets.add(secret);
      const file = writeSecret(temp, 'secret', secret);
      served = await startOnFreePort((port) =>
        contract.server(
          `--http=${String(port)}`,
          `--resource=http://127.0.0.1:${String(port)}/mcp`,
          `--issuer=${issuer.issuer}`,
          `--introspection-client=${id}`,
          `--introspection-secret-file=${file}`,
          `--audit-log=${audit}`,
          '--log-level=debug',
          ...UNLIMITED,
        ),
      );
      issuer.addResource(served.url.href, { scope: contract.scope, format: 'opaque' });
    });
    let isClosed = false;
    const closeIssuer = async (): Promise<void> => {
      if (!isClosed) await issuer.close();
      isClosed = true;
    };
    afterAll(async () => {
      await served.close();
      await closeIssuer();
      temp.remove();
    });

    const secrets = new Set<string>();
    const call = (token: string) => {
      secrets.add(token);
      return witness.send(callRequest(served.url, contract.call, `Bearer ${token}`));
    };
    const calls = () => recordsIn(audit).filter(({ type }) => type === 'tool.call').length;

    test(
      verifies(
        'C4.introspection',
        'an opaque token counts, and no more once its issuer has revoked it',
      ),
      async () => {
        const { token } = await issuer.tokenFor({
          resource: served.url.href,
          scope: contract.scope,
        });
        const answer = await call(token);
        expect(answer.text).toContain(contract.call.holds);
        await issuer.revoke(token);
        served.signal('SIGHUP');
        await soon(
          () => call(token),
          ({ status }) => status === 401,
        );
        const before = calls();
        expect((await call(token)).status).toBe(401);
        expect(calls()).toBe(before);
      },
    );

    test(
      verifies('C4.introspection', 'one that the issuer does not know counts nothing'),
      async () => {
        const before = calls();
        expect((await call('an-opaque-token-that-nobody-issued-0123456789')).status).toBe(401);
        expect(calls()).toBe(before);
      },
    );

    test(
      verifies('C4.introspection', 'while the issuer does not answer, nobody is let in'),
      async () => {
        const { token } = await issuer.tokenFor({
          resource: served.url.href,
          scope: contract.scope,
        });
        await closeIssuer();
        const before = calls();
        const { status } = await call(token);
        expect(status).toBe(503);
        expect(calls()).toBe(before);
      },
    );

    test(
      verifies(
        'C4.not-passed-on',
        'neither the tokens nor the secret of the server itself is told to anybody',
      ),
      () => {
        const places = {
          answers: witness.seen(served.url.origin),
          records: readFileSync(audit, 'utf8'),
          lines: served.stderr(),
          arguments: served.commandLine(),
        };
        expect(places.records).toContain('tool.call');
        for (const [place, text] of Object.entries(places))
          expect([place, [...secrets].filter((secret) => text.includes(secret))]).toEqual([
            place,
            [],
          ]);
      },
    );
  });
}
