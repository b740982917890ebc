import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

import {
  CLIENTS,
  connect,
  eventually,
  makeTemp,
  recordsOf,
  startRaw,
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

type Options = Omit<Parameters<typeof connect>[1], 'command' | 'args'>;

async function start(kind: (typeof CLIENTS)[number], options: Options): Promise<TestClient> {
  const client = await connect(kind, { ...fixtureCommand(), ...options });
  clients.push(client);
  return client;
}

describe.each(CLIENTS)('confirmation, with the %s client', (kind) => {
  test(
    verifies('E8.asked', 'a person is asked, with the exact effect, and then it is done'),
    async () => {
      const file = temp.write('accepted', '');
      const asked: string[] = [];
      const client = await start(kind, {
        onElicit(message) {
          asked.push(message);
          return { action: 'accept', content: { confirm: true } };
        },
      });
      const answer = await client.call('destroy', { file });
      expect(asked).toEqual([`Delete ${file}?`]);
      expect(answer.text).toContain('deleted');
      expect(existsSync(file)).toBe(false);
      await eventually(
        () => recordsOf(client).map(({ type }) => type),
        (types) =>
          ['confirm.requested', 'confirm.approved', 'tool.call'].every((type) =>
            types.includes(type),
          ),
      );
    },
  );

  test.each([
    ['declines', { action: 'decline' as const }],
    ['cancels', { action: 'cancel' as const }],
    ['accepts without saying yes', { action: 'accept' as const, content: { confirm: false } }],
  ])(verifies('E8.refused', 'nothing is done when the person %s'), async (_, elicited) => {
    const file = temp.write('refused', '');
    const client = await start(kind, { onElicit: () => elicited });
    expect((await client.call('destroy', { file })).text).toMatch(/^call\.declined: /);
    expect(existsSync(file)).toBe(true);
  });

  test(verifies('E8.refused', 'nothing is done for a client that cannot ask'), async () => {
    const file = temp.write('unasked', '');
    const client = await start(kind, {});
    const outcome = await client.call('destroy', { file }).then(
      ({ isError }) => isError,
      () => true,
    );
    expect(outcome).toBe(true);
    expect(existsSync(file)).toBe(true);
  });
});

describe('what a person is shown', () => {
  test(
    verifies('E8.asked', 'an effect that is too long to be shown whole is not asked for'),
    async () => {
      const asked: string[] = [];
      const client = await start('v2 modern', {
        onElicit(message) {
          asked.push(message);
          return { action: 'accept', content: { confirm: true } };
        },
      });
      const name = temp.write(`${'long/'.repeat(120)}end`, '');
      const { text } = await client.call('destroy', { file: name });
      expect(text).toMatch(/^call\.confirmation_unavailable: /);
      expect(asked).toEqual([]);
      expect(existsSync(name)).toBe(true);
    },
  );

  test(
    verifies(
      'C9.fail-closed',
      'C9.complete',
      'what destroys is recorded before it is done, or not done',
    ),
    async () => {
      // The trail is a pipe. Its reader goes while the person is asked.
      const pipe = join(temp.path, 'trail');
      execFileSync('mkfifo', [pipe]);
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      const file = temp.write('unrecorded', '');
      const client = await connect('v2 modern', {
        ...fixtureCommand('--audit-log', pipe),
        onElicit() {
          closeSync(reader);
          return { action: 'accept', content: { confirm: true } };
        },
      });
      clients.push(client);
      expect((await client.call('destroy', { file })).text).toMatch(/^audit\.unavailable: /);
      expect(existsSync(file)).toBe(true);
    },
  );
});

describe('answers that nobody asked for', () => {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  };
  const accept = { confirm: { action: 'accept', content: { confirm: true } } };

  /** One `tools/call` of the 2026 era, with whatever stands beside the arguments. */
  function call(file: string, extra: object = {}): object {
    return { name: 'destroy', arguments: { file }, _meta: envelope, ...extra };
  }

  test(
    verifies('E8.bound', 'an acceptance that comes with the first call counts for nothing'),
    async () => {
      const raw = startRaw(fixtureCommand());
      const file = temp.write('first-call', '');
      const answer = await raw.ask(1, 'tools/call', call(file, { inputResponses: accept }));
      expect(answer.result).toMatchObject({ resultType: 'input_required' });
      expect(existsSync(file)).toBe(true);
      await raw.end();
    },
  );

  test(verifies('E8.bound', 'an answer counts once, and only for its own arguments'), async () => {
    const raw = startRaw(fixtureCommand());
    const file = temp.write('asked', '');
    const other = temp.write('other', '');
    const asked = await raw.ask(1, 'tools/call', call(file));
    const { requestState } = Object(asked.result);
    const answered = { inputResponses: accept, requestState };

    const swapped = await raw.ask(2, 'tools/call', call(other, answered));
    expect(swapped.result).toMatchObject({ resultType: 'input_required' });
    const forged = await raw.ask(
      3,
      'tools/call',
      call(file, { ...answered, requestState: `${String(requestState)}x` }),
    );
    expect(forged.error?.code).toBe(-32_602);
    expect([existsSync(file), existsSync(other)]).toEqual([true, true]);

    const used = await raw.ask(4, 'tools/call', call(file, answered));
    expect(used.result).toMatchObject({ resultType: 'complete' });
    expect(existsSync(file)).toBe(false);

    temp.write('asked', '');
    const replayed = await raw.ask(5, 'tools/call', call(file, answered));
    expect(replayed.result).toMatchObject({ resultType: 'input_required' });
    expect(existsSync(file)).toBe(true);
    await raw.end();
  });
});
