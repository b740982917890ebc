/** What a process has taken once is not taken again by the one that comes after it. */
import { setTimeout as pause } from 'node:timers/promises';

import { createWitness, makeTemp, startHttpProcess, verifies } from '@secure-mcp/testkit';
import { startAuthorizationServer } from '@secure-mcp/testkit/authorization-server';
import {
  callRequest,
  makeProof,
  makeProofKey,
  startOnFreePort,
} from '@secure-mcp/testkit/http-contract';
import { expect, test } from 'vitest';

import { servedFrom } from './http-served.ts';

test(
  verifies('E11.dpop', 'a proof that was used before a restart is not used after it'),
  async () => {
    const temp = makeTemp();
    const { server, call, scope } = servedFrom(temp);
    const witness = createWitness();
    const issuer = await startAuthorizationServer({ resources: {} });
    const command = (port: number) =>
      server(
        `--http=${String(port)}`,
        `--resource=http://127.0.0.1:${String(port)}/mcp`,
        `--issuer=${issuer.issuer}`,
      );
    const first = await startOnFreePort(command);
    const { url } = first;
    const resource = url.href;
    issuer.addResource(resource, { scope });
    const dpopKey = await makeProofKey();
    const bound = { ...(await issuer.tokenFor({ resource, scope, dpopKey })), dpopKey };
    const send = async (dpop: string): Promise<number> => {
      const request = callRequest(url, call, `DPoP ${bound.token}`, { headers: { dpop } });
      return (await witness.send(request)).status;
    };
    const proof = await makeProof(bound, resource);
    expect([await send(proof), await send(proof)]).toEqual([200, 401]);
    // Proofs name whole seconds.
    await pause(1100);
    await first.close();
    const second = await startHttpProcess(command(Number(url.port)));
    try {
      expect(await send(proof)).toBe(503);
      await pause(1100);
      expect(await send(await makeProof(bound, resource))).toBe(200);
      expect(await send(proof)).toBe(503);
    } finally {
      await second.close();
      await issuer.close();
      temp.remove();
    }
  },
);
