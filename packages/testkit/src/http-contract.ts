import { afterAll, beforeAll, describe } from 'vitest';

import { testEnd } from './http-contract-end.ts';
import { testIdentity } from './http-contract-identity.ts';
import { testIntrospection } from './http-contract-introspection.ts';
import { testLimits } from './http-contract-limits.ts';
import { testRights } from './http-contract-rights.ts';
import { testSecrecy } from './http-contract-secrecy.ts';
import { testStart } from './http-contract-start.ts';
import { testTls } from './http-contract-tls.ts';
import { testTokens } from './http-contract-tokens.ts';
import { testWeb } from './http-contract-web.ts';
import { type HttpContract, type HttpWorld, openHttpWorld } from './http-contract-world.ts';

export {
  addKey,
  callRequest,
  type HttpContract,
  type HttpWorld,
  openHttpWorld,
  recordsIn,
  soon,
  writeJson,
  writeSecret,
} from './http-contract-world.ts';
export { startOnFreePort } from './http-process.ts';
export { makePerson } from './http-person.ts';
export { makeProof, makeProofKey } from './http-proof.ts';

/** Tests what every server owes its callers and its operator on a network: as its bundle, in a process. */
export function testHttpContract(contract: HttpContract): void {
  describe('over HTTP', () => {
    let opened: HttpWorld | undefined;
    const world = (): HttpWorld => {
      if (opened === undefined) throw new Error('not open');
      return opened;
    };
    beforeAll(async () => {
      opened = await openHttpWorld(contract);
    });
    afterAll(() => opened?.close());

    testIdentity(world);
    testTokens(world);
    testWeb(world);
    testRights(contract, world);
    // These two look at all that happened before, and the second ends the server.
    testSecrecy(world);
    testEnd(world);
  });
  testIntrospection(contract);
  testTls(contract);
  testLimits(contract);
  testStart(contract);
}
