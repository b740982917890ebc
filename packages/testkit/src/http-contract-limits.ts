import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { addKey, callRequest, type HttpContract, recordsIn } from './http-contract-world.ts';
import { type HttpProcess, startHttpProcess } from './http-process.ts';
import { closed, createWitness, type WireAnswer } from './http-wire.ts';
import { makeTemp } from './temp.ts';
import { verifies } from './verifies.ts';

/** Within a window that no test outlives. */
const CALLS = 2;
/** Each call may bring so many messages along. */
const MESSAGES = CALLS * 4;
const REQUESTS = 12;
const FAILURES = 3;
/** Addresses of which the operator lets some come, by the proxy in front. */
const ALLOWED = '203.0.113.0/24';

/** Tests a server behind a proxy on this machine, with small limits. */
export function testLimits(contract: HttpContract): void {
  describe('limits, behind a proxy', () => {
    const temp = makeTemp();
    const witness = createWitness();
    const audit = `${temp.path}/audit.jsonl`;
    let served: HttpProcess;
    let keys: { readonly eager: string; readonly patient: string; readonly other: string };
    beforeAll(async () => {
      const file = `${temp.path}/keys.json`;
      keys = {
        eager: await addKey(contract, file, 'eager'),
        patient: await addKey(contract, file, 'patient'),
        other: await addKey(contract, file, 'other'),
      };
      served = await startHttpProcess(
        contract.server(
          '--http=0.0.0.0:0',
          '--behind-proxy=127.0.0.1',
          '--allow-host=server.example',
          `--allow-ip=${ALLOWED}`,
          `--keys=${file}`,
          `--audit-log=${audit}`,
          `--rate-limit=${String(CALLS)}/3600`,
          `--address-rate-limit=${String(REQUESTS)}/3600`,
          `--failure-limit=${String(FAILURES)}/3600`,
        ),
      );
    });
    afterAll(async () => {
      await served.close();
      temp.remove();
    });

    const here = (): URL => new URL(`http://127.0.0.1:${served.url.port}/mcp`);
    const from = (address: string, key?: string): Promise<WireAnswer> =>
      witness.send(
        callRequest(here(), contract.call, key && `Bearer ${key}`, {
          headers: { host: 'server.example', 'x-forwarded-for': address },
        }),
      );
    const calls = () => recordsIn(audit).filter(({ type }) => type === 'tool.call').length;
    const times = async (count: number, address: (index: number) => string, key?: string) => {
      const answers: WireAnswer[] = [];
      for (let index = 0; index < count; index += 1) answers.push(await from(address(index), key));
      return answers;
    };

    test(verifies('C5.bind', 'with a proxy that is named it serves beyond loopback'), async () => {
      const { status, text } = await from('203.0.113.1', keys.other);
      expect([status, text]).toEqual([200, expect.stringContaining(contract.call.holds)]);
    });

    test(
      verifies(
        'C12.calls',
        'calls above the rate are refused, then messages, with the time to wait',
      ),
      async () => {
        const answers = await times(
          MESSAGES + 1,
          (index) => `203.0.113.${String(10 + index)}`,
          keys.eager,
        );
        const good = answers.filter(({ text }) => text.includes(contract.call.holds));
        expect(good).toHaveLength(CALLS);
        expect(answers.filter(({ text }) => text.includes('limit.rate'))).toHaveLength(
          MESSAGES - CALLS,
        );
        expectLater(answers.at(-1));
        // Somebody else from the same address is served.
        expect((await from('203.0.113.10', keys.other)).text).toContain(contract.call.holds);
      },
    );

    test(
      verifies(
        'C12.address',
        'requests of an address above its rate are refused, whoever sends them',
      ),
      async () => {
        const address = '203.0.113.40';
        await times(REQUESTS, () => address);
        expectLater(await from(address, keys.patient));
        expect((await from('203.0.113.41', keys.patient)).status).toBe(200);
      },
    );

    test(
      verifies(
        'C12.failures',
        'an address whose credentials fail has to wait, and who shares it is let in with a key',
      ),
      async () => {
        const address = '203.0.113.50';
        const wrong = keys.patient.slice(0, -7);
        const failed = await times(FAILURES, () => address, wrong);
        expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 401));
        const before = calls();
        expectLater(await from(address, wrong));
        expect(calls()).toBe(before);
        expect((await from('203.0.113.51', wrong)).status).toBe(401);
        expect((await from(address, keys.patient)).text).toContain(contract.call.holds);
      },
    );

    test(verifies('E3.addresses', 'an address that is not on the list is refused'), async () => {
      const before = calls();
      for (const address of ['198.51.100.1', '203.0.114.1', '::ffff:198.51.100.1', '2001:db8::1'])
        expect([address, (await from(address, keys.other)).status]).toEqual([address, 403]);
      expect(calls()).toBe(before);
    });

    test(
      verifies('E3.proxies', 'what stands left of the proxy’s own word is not believed'),
      async () => {
        const before = calls();
        // The client says that it is somebody else, and the proxy adds who it is.
        expect((await from('203.0.113.60, 198.51.100.1', keys.other)).status).toBe(403);
        expect(calls()).toBe(before);
      },
    );

    test(
      verifies(
        'E3.addresses',
        'E3.proxies',
        'who comes past the proxy is closed out before a word',
      ),
      async () => {
        const socket = connect({
          host: '127.0.0.1',
          port: Number(served.url.port),
          // All of 127.0.0.0/8 is this machine on Linux, and the proxy is one address of it.
          localAddress: '127.0.0.2',
        });
        socket.on('error', () => undefined);
        let said = '';
        socket.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1');
        });
        socket.write(
          'GET /healthz HTTP/1.1\r\nHost: server.example\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n',
        );
        await closed(socket);
        expect(said).toBe('');
      },
    );
  });
}

function expectLater(answer: WireAnswer | undefined): void {
  expect(answer?.status).toBe(429);
  expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0);
}
