import { describe, expect, test } from 'vitest';

import { callRequest, type HttpWorld, soon } from './http-contract-world.ts';
import { beginCall } from './http-wire.ts';
import { verifies } from './verifies.ts';

/** How many calls are under way when the server is told to stop. */
const CALLS = 4;

/** Tests the end of the server. It is the last that is tested. */
export function testEnd(world: () => HttpWorld): void {
  describe('the end', () => {
    test(
      verifies(
        'E14.drain',
        'on SIGTERM calls under way are answered, nobody new is taken, and it ends with 0',
      ),
      async () => {
        const { served, contract, keys } = world();
        const request = callRequest(served.url, contract.call, `Bearer ${keys.writer}`);
        const calls = await Promise.all(
          Array.from({ length: CALLS }, () => beginCall(request, 40)),
        );
        // It is answered after them, so all of them have been heard.
        await world().call(`Bearer ${keys.writer}`);

        served.signal('SIGTERM');
        await soon(
          () => isRefused(world()),
          (refused) => refused,
        );
        const answers = await Promise.all(calls.map(({ finish }) => finish()));
        for (const { status, text } of answers) {
          expect(status).toBe(200);
          expect(text).toContain(contract.call.holds);
        }
        expect(await served.ended).toBe(0);
      },
    );
  });
}

/** True once nobody new is taken. */
async function isRefused({ witness, served }: HttpWorld): Promise<boolean> {
  try {
    await witness.send({ url: new URL('/healthz', served.url), method: 'GET' });
    return false;
  } catch (error) {
    return Object(error).code === 'ECONNREFUSED';
  }
}
