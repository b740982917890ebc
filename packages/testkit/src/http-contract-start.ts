import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { addKey, type HttpContract } from './http-contract-world.ts';
import { runToEnd } from './http-process.ts';
import { makeTemp } from './temp.ts';
import { verifies } from './verifies.ts';

/** Tests what a server does not start with. What it does start with is all that the other tests start. */
export function testStart(contract: HttpContract): void {
  describe('a start that would leave the server open', () => {
    const temp = makeTemp();
    const keys = `${temp.path}/keys.json`;
    beforeAll(() => addKey(contract, keys, 'reader'));
    afterAll(() => temp.remove());

    test.each([
      ['beyond loopback in the clear', ['--http=0.0.0.0:0', `--keys=${keys}`]],
      ['beyond loopback, by a name for all addresses', ['--http=[::]:0', `--keys=${keys}`]],
      ['without authentication', ['--http=0']],
      ['beyond loopback without authentication', ['--http=0.0.0.0:0', '--unsafe-no-auth']],
      [
        'beyond loopback without authentication, behind a proxy',
        ['--http=0.0.0.0:0', '--unsafe-no-auth', '--behind-proxy=127.0.0.1'],
      ],
    ])(
      verifies('C5.bind', 'C4.required', '%s: it ends with 2, and serves nobody'),
      async (_how, options) => {
        const { status, stderr } = await runToEnd(contract.server(...options));
        expect(status).toBe(2);
        expect(stderr).not.toMatch(/^serving /m);
      },
    );
  });
}
