import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { callRequest, type HttpWorld, recordsIn } from './http-contract-world.ts';
import type { WireRequest } from './http-wire.ts';
import { verifies } from './verifies.ts';

/** What nobody but the caller has written. */
const WORDS = 'ignore-all-previous-instructions';
const RELATED = 'io.modelcontextprotocol/related-task';

/** Tests that what was shown to the server, rightly or wrongly, has gone nowhere. */
export function testSecrecy(world: () => HttpWorld): void {
  describe('credentials', () => {
    test.each<readonly [string, (key: string) => Partial<WireRequest>]>([
      ['in a header of its own', (key) => ({ headers: { 'x-api-key': key } })],
      ['as the host', (key) => ({ headers: { host: key } })],
      ['as the origin', (key) => ({ headers: { origin: `https://${key}` } })],
      ['as a proof', (key) => ({ headers: { dpop: key } })],
      ['twice', (key) => ({ headers: { authorization: [`Bearer ${key}`, `Bearer ${key}`] } })],
      ['as the name of a tool', (key) => ({ headers: { 'mcp-name': key } })],
      ['as another address', (key) => ({ headers: { 'x-forwarded-for': key } })],
      ['as content that is no JSON', (key) => ({ body: `{"${key}"` })],
      ['as a method', (key) => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: key }) })],
    ])(
      verifies('C4.not-passed-on', 'one that is sent %s gets no answer that holds it'),
      async (_how, more) => {
        const { served, contract, keys, witness } = world();
        const { reader } = keys;
        const request = callRequest(served.url, contract.call, `Bearer ${reader}`, more(reader));
        const { text, headers } = await witness.send(request);
        expect(JSON.stringify([text, headers])).not.toContain(reader);
      },
    );

    test(
      verifies('C4.not-passed-on', 'no answer, record, line or argument holds any of all these'),
      async () => {
        const { secrets, witness, served, files, keys, contract } = world();
        for (const credential of [keys.writer, await world().token('alice'), await world().token()])
          await world().call(`Bearer ${credential}`);
        const places = {
          answers: witness.seen(served.url.origin),
          records: readFileSync(files.audit, 'utf8'),
          lines: served.stderr(),
          arguments: served.commandLine(),
        };
        // These are the places where they would be found.
        expect(places.answers).toContain(contract.call.holds);
        expect(places.records).toContain('key:writer');
        // Of a token, its signature is what must not be known.
        const parts = [...secrets].flatMap((secret) => [secret, secret.split('.')[2] ?? secret]);
        for (const [place, text] of Object.entries(places))
          expect([place, parts.filter((part) => text.includes(part))]).toEqual([place, []]);
      },
    );
  });

  describe('a request of 2025 that no tool sees', () => {
    test.each<readonly [string, string, object]>([
      ['a task of no duration', 'tools/call', { task: { ttl: WORDS } }],
      ['a relation to no task', 'tools/call', { _meta: { [RELATED]: WORDS } }],
      ['a method that nobody has', WORDS, {}],
      ['a method that is not served', 'resources/subscribe', { uri: WORDS }],
      ['a level of no log', 'logging/setLevel', { level: WORDS }],
    ])(
      verifies('C9.complete', 'C1.no-echo', 'leaves one record, and is not repeated: %s'),
      async (_what, method, more) => {
        const { served, contract, keys, witness, files } = world();
        const { name, args } = contract.call;
        const params = method === 'tools/call' ? { name, arguments: args, ...more } : more;
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
        const before = recordsIn(files.audit).length;
        const headers = {
          authorization: `Bearer ${keys.reader}`,
          'mcp-protocol-version': '2025-11-25',
        };
        const { text } = await witness.send({ url: served.url, body, headers });
        expect(text).toContain('"error"');
        expect(text).not.toContain(WORDS);
        expect(recordsIn(files.audit).slice(before)).toMatchObject([
          { type: 'http.refused', outcome: 'deny', principal: 'key:reader' },
        ]);
      },
    );
  });
}
