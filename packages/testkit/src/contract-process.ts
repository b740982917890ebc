import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { connect } from './clients.ts';
import type { ServerContract } from './contract.ts';
import { type RawStdio, startRaw } from './raw-stdio.ts';
import { makeTemp } from './temp.ts';
import { verifies } from './verifies.ts';

/** One message that no server takes, in bytes. */
const HUGE = 20_000_000;
/** How much a message that is refused may leave in memory, in MiB: far less than its own size. */
const HUGE_LEAVES_MIB = 60;

/** Tests what a server owes its operator, whatever its client does: rights, limits and a clean end. */
export function testServerProcess(contract: ServerContract): void {
  describe('the contract, whatever the client does', () => {
    testPolicy(contract);
    testRate(contract);
    testMessages(contract);
    testEnd(contract);
  });
}

function testPolicy({ server, call, lock }: ServerContract): void {
  const open = async (principals: readonly object[]) => {
    const temp = makeTemp();
    const policy = temp.write('policy.json', JSON.stringify({ version: 1, principals }));
    const client = await connect('v2 modern', server('--policy', policy));
    return { client, close: async () => (await client.close(), temp.remove()) };
  };
  const other = lock.tools.find(({ name }) => name !== call.name)?.name ?? '';

  test(
    verifies(
      'C7.policy',
      'C7.hidden',
      'a policy that grants one tool: the others are neither listed nor callable',
    ),
    async () => {
      const { client, close } = await open([{ match: { kind: 'local' }, tools: [call.name] }]);
      expect((await client.listTools()).map(({ name }) => name)).toEqual([call.name]);
      const hidden = await client.call(other, {});
      expect(hidden.isError).toBe(true);
      expect(hidden.text).toBe((await client.call('no_such_tool', {})).text);
      expect((await client.call(call.name, call.args)).text).not.toMatch(/^tool\.unknown/);
      await close();
    },
  );

  test(verifies('C7.default', 'a policy for somebody else grants nothing'), async () => {
    const { client, close } = await open([{ match: { id: 'nobody' }, tools: ['*'] }]);
    expect(await client.listTools()).toEqual([]);
    expect((await client.call(call.name, call.args)).text).toMatch(/^tool\.unknown: /);
    await close();
  });
}

function testRate({ server, call }: ServerContract): void {
  test(
    verifies('C12.calls', 'calls above the rate are refused with the time to wait'),
    async () => {
      const client = await connect('v2 modern', server('--rate-limit', '4/3600'));
      const answers = [];
      for (let calls = 0; calls < 6; calls += 1)
        answers.push(await client.call(call.name, call.args));
      const limited = answers.filter(({ text }) => text.startsWith('limit.rate: '));
      expect(limited.length).toBeGreaterThanOrEqual(2);
      expect(answers.length - limited.length).toBeGreaterThan(0);
      for (const { meta } of limited) {
        const { retryAfterMs } = Object(meta['secure-mcp/refusal']);
        expect(retryAfterMs).toBeGreaterThan(0);
      }
      await client.close();
    },
  );
}

function testMessages({ server, call }: ServerContract): void {
  test(
    verifies('E2.line', 'a message over the limit is refused once, and the next one is served'),
    async () => {
      const raw = startRaw(server());
      await raw.initialize();
      await raw.ask('warm', 'tools/call', { name: call.name, arguments: call.args });
      const before = residentMib(raw);
      raw.write(`{"jsonrpc":"2.0","id":"huge","method":"ping","x":"${'x'.repeat(HUGE)}"}\n`);
      const refused = await raw.next(({ error }) => error !== undefined);
      expect(refused.error?.code).toBe(-32_600);
      expect((await raw.ask('next', 'tools/list')).result).toBeDefined();
      expect(raw.received.filter(({ error }) => error !== undefined)).toHaveLength(1);
      expect(residentMib(raw) - before).toBeLessThan(HUGE_LEAVES_MIB);
      await raw.end();
    },
  );

  test(
    verifies('C1.messages', 'C1.one-meaning', 'a line that is no message gets one error'),
    async () => {
      const raw = startRaw(server());
      await raw.initialize();
      raw.write('{"jsonrpc":"2.0","id":1,\n');
      raw.write('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n');
      expect((await raw.ask('next', 'ping')).result).toEqual({});
      const errors = raw.received.flatMap(({ error }) => (error === undefined ? [] : [error.code]));
      expect(errors).toEqual([-32_700, -32_700]);
      await raw.end();
    },
  );
}

/** Resident memory of a server, where the system tells. */
function residentMib({ process: { pid } }: RawStdio): number {
  const file = `/proc/${String(pid)}/status`;
  if (!existsSync(file)) return 0;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1024;
}

function testEnd({ server, call }: ServerContract): void {
  test(verifies('E14.eof', 'when the client goes, the server ends with 0'), async () => {
    const raw = startRaw(server());
    await raw.initialize();
    await raw.ask('call', 'tools/call', { name: call.name, arguments: call.args });
    expect(await raw.end()).toEqual({ code: 0, signal: null });
  });

  test(verifies('E14.signal', 'on SIGTERM the server ends with 0'), async () => {
    const raw = startRaw(server());
    await raw.initialize();
    const ended = new Promise((resolve) => {
      raw.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    raw.process.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });
}
