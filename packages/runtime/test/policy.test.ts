import {
  CLIENTS,
  connect,
  eventually,
  makeTemp,
  recordsOf,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { fixtureCommand } from './fixture/command.ts';

const temp = makeTemp();
const clients: TestClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => temp.remove());

async function start(
  kind: (typeof CLIENTS)[number],
  ...args: readonly string[]
): Promise<TestClient> {
  const client = await connect(kind, fixtureCommand(...args));
  clients.push(client);
  return client;
}

function policy(name: string, ...principals: readonly object[]): string {
  return temp.write(`${name}.json`, JSON.stringify({ version: 1, principals }));
}

describe.each(CLIENTS)('authorization, with the %s client', (kind) => {
  test(
    verifies(
      'C7.policy',
      'C7.hidden',
      'a caller sees and uses what the policy grants, and nothing else exists',
    ),
    async () => {
      const file = policy('echo-only', { match: { kind: 'local' }, tools: ['echo'] });
      const client = await start(kind, '--policy', file);
      expect((await client.listTools()).map(({ name }) => name)).toEqual(['echo']);
      expect((await client.call('echo', { text: 'a' })).isError).toBe(false);
      const [hidden, missing, malformed] = await Promise.all([
        client.call('wait', { ms: 1 }),
        client.call('no_such_tool'),
        client.call('wait', { nonsense: true }),
      ]);
      expect(hidden.text).toBe(missing.text);
      expect(malformed.text).toBe(missing.text);
      expect(await client.listResources()).toEqual([]);
      expect(await client.listTemplates()).toEqual([]);
      await expect(client.read('thing://a')).rejects.toThrow('resource.unknown');
      await expect(client.complete('thing://{+name}', 'name', 'a')).rejects.toThrow(
        'resource.unknown',
      );
    },
  );

  test(
    verifies(
      'C7.hidden',
      'the trail tells what is hidden from what is not there, the answer does not',
    ),
    async () => {
      const file = policy('echo-too', { match: { kind: 'local' }, tools: ['echo', 'destroy'] });
      const client = await start(kind, '--policy', file, '--scopes', 'test:read');
      const answers = await Promise.all([
        client.call('wait', { ms: 1 }),
        client.call('destroy', { file: '/nope' }),
        client.call('no_such_tool'),
      ]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      const told = (): readonly unknown[] =>
        recordsOf(client).flatMap(({ reason, detail }) =>
          reason === 'tool.unknown' ? [detail] : [],
        );
      const details = await eventually(told, ({ length }) => length === 3);
      expect(new Set(details)).toEqual(new Set(['no such tool', 'policy', 'scope']));
      await expect(client.read('thing://a')).rejects.toThrow('resource.unknown');
      await eventually(
        () => recordsOf(client),
        (records) =>
          records.some(
            ({ reason, detail }) => reason === 'resource.unknown' && detail === 'policy',
          ),
      );
    },
  );

  test(verifies('C7.default', 'a caller that no entry matches may do nothing'), async () => {
    const file = policy('someone-else', {
      match: { kind: 'user' },
      tools: ['*'],
      resources: ['*'],
    });
    const client = await start(kind, '--policy', file);
    expect(await client.listTools()).toEqual([]);
    expect((await client.call('echo', { text: 'a' })).text).toMatch(/^tool\.unknown: /);
  });

  test(verifies('C7.scopes', 'a tool is there only for scopes that cover it'), async () => {
    const reader = await start(kind, '--scopes', 'test:read');
    expect((await reader.listTools()).map(({ name }) => name)).not.toContain('destroy');
    expect((await reader.call('destroy', { file: '/nope' })).text).toMatch(/^tool\.unknown: /);
    const writer = await start(kind, '--scopes', 'test:write');
    expect((await writer.call('echo', { text: 'write implies read' })).isError).toBe(false);
    const stranger = await start(kind, '--scopes', 'other:write');
    expect(await stranger.listTools()).toEqual([]);
  });

  test(verifies('C7.policy', 'a policy narrows limits, and never widens them'), async () => {
    const limits = { rate: { calls: 2, seconds: 60 }, resultBytes: 1_000_000 };
    const file = policy('limits', {
      match: { kind: 'local' },
      tools: ['*'],
      limits,
      secrets: 'block',
    });
    const client = await start(kind, '--policy', file, '--result-bytes', '4096');
    expect((await client.call('echo', { text: 'a'.repeat(5000) })).text).toMatch(/^limit\.result/);
    expect((await client.call('echo', { text: `ghp_${'aB3'.repeat(12)}` })).text).toMatch(
      /^output\.secret/,
    );
    expect((await client.call('echo', { text: 'a' })).text).toMatch(/^limit\.rate/);
  });

  test(
    verifies(
      'C7.policy',
      'C12.calls',
      'C6.configuration',
      'a policy that asks for more gets what the options leave',
    ),
    async () => {
      const file = policy('wide', {
        match: { kind: 'local' },
        tools: ['*'],
        limits: { rate: { calls: 1_000_000, seconds: 1 }, resultBytes: 16_777_216 },
        secrets: 'redact',
      });
      const options = ['--rate-limit', '3/3600', '--secrets', 'block', '--result-bytes', '4096'];
      const client = await start(kind, '--policy', file, ...options);
      const codes = [];
      for (const text of [`ghp_${'aB3'.repeat(12)}`, 'a'.repeat(5000), 'a', 'a', 'a']) {
        const answer = await client.call('echo', { text });
        codes.push(answer.isError ? answer.text.split(':')[0] : 'served');
      }
      expect(codes).toEqual([
        'output.secret',
        'limit.result',
        'served',
        'limit.rate',
        'limit.rate',
      ]);
    },
  );

  test(verifies('C12.calls', 'calls that arrive together are counted together'), async () => {
    const client = await start(kind, '--rate-limit', '4/3600');
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => client.call('echo', { text: 'a' })),
    );
    expect(answers.filter(({ isError }) => !isError)).toHaveLength(4);
  });
});
