import fc from 'fast-check';
import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { callBody, startWorld, type World } from './front-world.ts';
import { talk } from './wire.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Pieces that requests are made of, good and bad. Between them, any bytes. */
const PIECES = [
  'POST /mcp HTTP/1.1\r\n',
  'GET /healthz HTTP/1.1\r\n',
  'POST http://evil/mcp HTTP/1.0\r\n',
  'Host: HOST\r\n',
  'Host: evil\r\n',
  'Authorization: Bearer KEY\r\n',
  'Authorization: Bearer evil\r\n',
  'Content-Type: application/json\r\n',
  'Accept: application/json, text/event-stream\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: LENGTH\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close\r\n',
  '__proto__: x\r\n',
  'Upgrade: h2c\r\n',
  ' folded\r\n',
  '\r\n',
  '0\r\n\r\n',
  'BODY',
  '\0',
  '\n',
] as const;

const soup = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  ),
  { maxLength: 14 },
);

/** The pieces of a good request, of which some are left out, doubled or put elsewhere. */
const nearlyGood = fc
  .tuple(
    fc.subarray(
      [
        'Host: HOST\r\n',
        'Authorization: Bearer KEY\r\n',
        'Content-Type: application/json\r\n',
        'Accept: application/json, text/event-stream\r\n',
        'Content-Length: LENGTH\r\n',
      ],
      { minLength: 3 },
    ),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 2 }),
  )
  .map(([headers, more]) => ['POST /mcp HTTP/1.1\r\n', ...headers, ...more, '\r\n', 'BODY']);

async function speak(pieces: readonly string[], text: string): Promise<readonly number[]> {
  const body = callBody(text);
  const bytes = pieces
    .join('')
    .replaceAll('HOST', `127.0.0.1:${String(world.port)}`)
    .replaceAll('KEY', world.key)
    .replaceAll('LENGTH', String(body.length))
    .replaceAll('BODY', body);
  const { answers } = await talk(world.port, bytes, { answers: 1, patienceMs: 60 });
  return answers.map(({ status }) => status);
}

let count = 0;

test(
  verifies(
    'C10.requests',
    'no soup of pieces ends in an error of ours, and the next request is served',
  ),
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(soup, nearlyGood), async (pieces) => {
        count += 1;
        const statuses = await speak(pieces, `soup ${String(count)}`);
        for (const status of statuses) expect(status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
    expect(world.logged).toEqual([]);
    const { answers } = await talk(world.port, world.call('still there'), { answers: 1 });
    expect(answers[0]?.status).toBe(200);
  },
);

test(
  verifies(
    'C10.requests',
    'where the tool ran, the request held the key, the host and the type, each once',
  ),
  async () => {
    await fc.assert(
      fc.asyncProperty(nearlyGood, async (pieces) => {
        count += 1;
        const text = `near ${String(count)}`;
        await speak(pieces, text);
        const ran = world.ran.includes(text);
        const times = (start: string): number =>
          pieces.filter((piece) => piece.startsWith(start)).length;
        const headers = ['Host:', 'Authorization:', 'Content-Type:', 'Accept:'];
        const isGood = headers.slice(0, 3).every((header) => times(header) === 1);
        if (ran) expect(isGood).toBe(true);
        if (ran)
          expect(pieces).toEqual(
            expect.arrayContaining(['Authorization: Bearer KEY\r\n', 'Host: HOST\r\n']),
          );
      }),
      { numRuns: 200 },
    );
    expect(world.ran.some((text) => text.startsWith('near'))).toBe(true);
  },
);
