import { verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type Guarded, startGuarded } from './watching-world.ts';

/** What nobody but the caller has written. */
const WORDS = 'ignore-all-previous-instructions';

let world: Guarded;
beforeEach(async () => {
  world = await startGuarded({ scopes: ['private:read'] });
});
afterEach(() => world.close());

/** Sends a message as a client of 2025 does. */
async function post(method: string, params?: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(world.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) }),
  });
  return { status: answer.status, text: await answer.text() };
}

describe('a request of 2025 that the SDK refuses', () => {
  test.each<readonly [string, string, object, number]>([
    ['a task of no duration', 'tools/call', { name: 'pay', task: { ttl: WORDS } }, -32_602],
    ['a prompt that nobody has', 'prompts/get', { name: WORDS }, -32_601],
    ['a method that nobody has', WORDS, {}, -32_601],
    ['a method that is not served', 'resources/subscribe', { uri: WORDS }, -32_601],
    ['a level of no log', 'logging/setLevel', { level: WORDS }, -32_601],
    ['a resource that nobody has', 'resources/read', { uri: `nobody://${WORDS}` }, -32_602],
    ['a tool that nobody has', 'tools/call', { name: WORDS }, -32_602],
  ])(
    verifies('C9.complete', 'C1.no-echo', 'leaves one record, and is answered in our words: %s'),
    async (_what, method, params, code) => {
      const { text } = await post(method, params);
      expect(text).toContain(`"code":${String(code)}`);
      expect(text).not.toContain(WORDS);
      // Of the schema library's own dump.
      expect(text).not.toContain(String.raw`\"expected\"`);
      expect(world.ran).toEqual([]);
      expect(world.records).toMatchObject([
        { type: 'http.refused', outcome: 'deny', transport: 'http', principal: 'user:ada' },
      ]);
    },
  );

  test(verifies('C9.complete', 'leaves a record each time'), async () => {
    for (let time = 0; time < 5; time += 1) await post('no/such');
    expect(world.records.map(({ type }) => type)).toEqual(Array(5).fill('http.refused'));
  });

  test('and what is served leaves none of those', async () => {
    const { text } = await post('tools/call', { name: 'pay', task: { ttl: 60_000 } });
    expect(text).toContain('paid');
    expect(world.ran).toEqual(['pay']);
    expect(world.records).toEqual([]);
  });
});
