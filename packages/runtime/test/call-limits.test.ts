import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { policySchema } from '@secure-mcp/auth';
import { connect, eventually, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { strictestLimits } from '../src/call/limits.ts';
import { memoryStore } from '../src/store/memory.ts';
import { fixtureCommand } from './fixture/command.ts';
import { startReplica } from './replicas.ts';

const temp = makeTemp();
const clients: TestClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => temp.remove());

const LOCAL = { match: { kind: 'local' }, tools: ['*'], resources: ['*'], prompts: ['*'] };

async function start(name: string, limits: object, ...args: readonly string[]) {
  const policy = { version: 1, principals: [{ ...LOCAL, limits }] };
  const file = temp.write(`${name}.json`, JSON.stringify(policy));
  const client = await connect('v2 modern', fixtureCommand('--policy', file, ...args));
  clients.push(client);
  return client;
}

async function codeOf(client: TestClient, tool: string, args: object = {}): Promise<string> {
  const { isError, text } = await client.call(tool, { ...args });
  return isError ? (text.split(':')[0] ?? '') : 'done';
}

/** How many of the calls have begun, by what they left in their files. */
function running(files: readonly string[]): number {
  return files.filter((file) => statSync(file).size > 0).length;
}

describe('limits of tools by name', () => {
  test(
    verifies(
      'C12.tools',
      'a tool above its own rate is refused with the time to wait, others go on',
    ),
    async () => {
      const client = await start('by-name', {
        tools: { echo: { rate: { calls: 2, seconds: 60 } } },
      });
      const codes = [];
      for (let call = 0; call < 3; call += 1)
        codes.push(await codeOf(client, 'echo', { text: 'a' }));
      expect(codes).toEqual(['done', 'done', 'limit.rate']);
      const { meta } = await client.call('echo', { text: 'a' });
      expect(meta['secure-mcp/refusal']).toMatchObject({ retryAfterMs: expect.any(Number) });
      expect(await codeOf(client, 'touch', { name: 'a' })).toBe('done');
    },
  );

  test(
    verifies(
      'C12.tools',
      'tools that a prefix covers share its rate, and a tool fits all that cover it',
    ),
    async () => {
      const client = await start('by-prefix', {
        tools: {
          're*': { rate: { calls: 3, seconds: 60 } },
          recite: { rate: { calls: 1, seconds: 60 } },
        },
      });
      expect(await codeOf(client, 'recite', { text: 'a' })).toBe('done');
      expect(await codeOf(client, 'recite', { text: 'a' })).toBe('limit.rate');
      expect(await codeOf(client, 'refuse', { text: 'a' })).toBe('thing.refused');
      expect(await codeOf(client, 'refuse', { text: 'a' })).toBe('limit.rate');
    },
  );

  test('what is malformed counts, too', async () => {
    const client = await start('malformed', {
      tools: { echo: { rate: { calls: 1, seconds: 60 } } },
    });
    expect(await codeOf(client, 'echo', { nonsense: true })).toBe('input.invalid');
    expect(await codeOf(client, 'echo', { text: 'a' })).toBe('limit.rate');
  });

  test(
    verifies('C12.tools', 'calls of one tool wait for each other, and others do not wait for them'),
    async () => {
      const client = await start('in-line', { tools: { toil: { concurrency: 1 } } });
      const files = ['first', 'second'].map((name) => temp.write(name, ''));
      const abort = new AbortController();
      const calls = files.map((file) =>
        client.call('toil', { file }, { signal: abort.signal }).catch(() => undefined),
      );
      await eventually(
        () => running(files),
        (count) => count > 0,
      );
      expect(await codeOf(client, 'echo', { text: 'a' })).toBe('done');
      await pause(500);
      expect(running(files)).toBe(1);
      abort.abort();
      await Promise.all(calls);
    },
  );

  test('the same rate in options and policy counts a call once', async () => {
    const rate = { calls: 2, seconds: 60 };
    const client = await start('same-rate', { rate }, '--rate-limit', '2/60');
    const codes = [];
    for (let call = 0; call < 3; call += 1) codes.push(await codeOf(client, 'echo', { text: 'a' }));
    expect(codes).toEqual(['done', 'done', 'limit.rate']);
  });

  test.each([
    ['nothing is limited', { echo: {} }],
    ['no name', { 'Echo!': { concurrency: 1 } }],
    ['no limit', { echo: { concurrency: 0 } }],
    ['an unknown field', { echo: { concurrency: 1, rates: 1 } }],
  ])('a policy with %s is refused', (_, tools) => {
    const policy = { version: 1, principals: [{ ...LOCAL, limits: { tools } }] };
    expect(policySchema.safeParse(policy).success).toBe(false);
  });
});

describe('limits of all callers together', () => {
  test(
    verifies('C12.places', 'no more calls run at the same time than may, whoever made them'),
    async () => {
      const replica = startReplica({ store: memoryStore(), callsMax: 2 }, { deadlineMs: 3000 });
      const files = ['a', 'b', 'c', 'd'].map((name) => temp.write(`together-${name}`, ''));
      const calls = files.map((file, at) =>
        replica.call(`caller-${String(at)}`, { name: 'toil', arguments: { file } }),
      );
      await eventually(
        () => running(files),
        (count) => count > 1,
      );
      // Whoever did not have to wait would have begun long ago.
      await pause(500);
      expect(running(files)).toBe(2);
      await Promise.all(calls);
      // The places of calls that ended are free again, and those of calls that gave up waiting too.
      const echoes = files.map((_, at) =>
        replica.call(`caller-${String(at)}`, { name: 'echo', arguments: { text: 'a' } }),
      );
      for (const { result } of await Promise.all(echoes))
        expect(result?.['isError']).not.toBe(true);
    },
  );

  test('what the policy of a caller says of tools reaches their limits', () => {
    const options = { rates: [], concurrency: 8, deadlineMs: 1000, resultBytes: 4096 };
    const limits = strictestLimits(options, { tools: { 'a*': { concurrency: 2 } } });
    expect(limits.budgets).toEqual([{ names: 'a*', rate: undefined, concurrency: 2 }]);
  });
});
