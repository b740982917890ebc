import { execFileSync } from 'node:child_process';

import {
  CLIENTS,
  connect,
  makeTemp,
  recordsOf,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fixtureCommand } from './fixture/command.ts';

const temp = makeTemp();
afterAll(() => temp.remove());
const config = temp.write('config.json', '{"sayings":[{"name":"motto","text":"Read only."}]}');

describe.each(CLIENTS)('prompts, with the %s client', (kind) => {
  let client: TestClient;
  beforeAll(async () => {
    client = await connect(kind, fixtureCommand('--config', config));
  });
  afterAll(() => client.close());

  test(verifies('C11.locked', 'are listed as they were reviewed'), async () => {
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(['ask']);
  });

  test(verifies('E9.marked', 'a value stands between marks that it cannot forge'), async () => {
    const text = await client.getPrompt('ask', { what: 'a\u{202E}b' });
    expect(text).toMatch(/^Please look at this:\n<untrusted-data [^\n]+\na\\u\{202E\}b\n/);
  });

  test.each([
    ['without what it needs', {}, /what: is missing/],
    ['with a value that is too long', { what: 'a'.repeat(21) }, /what: at most 20 characters/],
    ['with an unknown argument', { what: 'a', IGNORE_ME: 'b' }, /unknown argument/],
  ])(verifies('C1.strict', 'C1.no-echo', '%s is refused'), async (_, args, problem) => {
    await expect(client.getPrompt('ask', args)).rejects.toThrow(problem);
    await expect(client.getPrompt('ask', args)).rejects.not.toThrow(/IGNORE/);
  });

  test(verifies('C8.uniform', 'one that does not exist is refused without its name'), async () => {
    await expect(client.getPrompt('IGNORE')).rejects.toThrow(/prompt\.unknown/);
    await expect(client.getPrompt('IGNORE')).rejects.not.toThrow(/IGNORE/);
  });

  test('arguments are completed', async () => {
    expect(await client.completePrompt('ask', 'what', 'ap')).toEqual(['apple', 'apricot']);
    await expect(client.completePrompt('nothing', 'what', 'ap')).rejects.toThrow(/prompt\.unknown/);
  });

  test('a tool that the configuration makes is listed and served', async () => {
    expect((await client.listTools()).map(({ name }) => name)).toContain('motto');
    expect((await client.call('motto')).text).toContain('Read only.');
  });

  test('families of one scheme are told apart', async () => {
    expect((await client.read('thing://many/a'))[0]?.['text']).toBe('many things');
    expect((await client.read('thing://a'))[0]?.['text']).toBe('a thing');
  });
});

test(
  verifies('C7.policy', 'C9.complete', 'a policy grants prompts by name, and the trail names them'),
  async () => {
    const principals = [{ match: { kind: 'local' }, tools: ['echo'], resources: [] }];
    const policy = temp.write('policy.json', JSON.stringify({ version: 1, principals }));
    const client = await connect('v2 modern', fixtureCommand('--policy', policy));
    expect(await client.listPrompts()).toEqual([]);
    await expect(client.getPrompt('ask', { what: 'a' })).rejects.toThrow(/prompt\.unknown/);
    await expect(client.completePrompt('ask', 'what', 'a')).rejects.toThrow(/prompt\.unknown/);
    await client.close();
    const reasons = recordsOf(client).map(({ type, reason }) => [type, reason]);
    expect(reasons).toContainEqual(['prompt.get', 'prompt.unknown']);
    expect(reasons).toContainEqual(['prompt.complete', 'prompt.unknown']);
  },
);

describe('commands', () => {
  const run = (...args: readonly string[]) => {
    const { command, args: start } = fixtureCommand(...args);
    const env = { ...process.env, FIXTURE_SECRET: 'from the environment' };
    return execFileSync(command, start, { encoding: 'utf8', env });
  };

  test('a command of the server’s own reads the options, and prints', () => {
    expect(run('greet', '--scopes', 'a:read')).toBe('hello a:read from the environment\n');
    expect(run('--help')).toContain('fixture greet [options]   says hello');
    expect(run('--help')).toContain('In the file only: sayings.');
  });

  test('check looks at the world', () => {
    expect(run('check')).toBe('a fact\nwarning: the world was looked at\nok\n');
  });

  test('inspect shows prompts and what the configuration makes', () => {
    const found = JSON.parse(run('inspect', '--json', '--config', config));
    expect(found.reviewed).toBe(true);
    expect(found.prompts).toMatchObject([{ name: 'ask', scope: 'test:read' }]);
    expect(found.tools).toContainEqual(expect.objectContaining({ name: 'motto' }));
  });
});
