import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

/** Put together here, so that no scanner takes it for a real one. */
const TOKEN = ['ghp', 'Q7mX2vLk9RtYw4ZpB6nHd3JsF8cGa5Ue1TiO'].join('_');
const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');
const swapped = (text: string): Buffer => wide(text).swap16();
const GUJARATI = '\u0A97\u0AC1\u0A9C\u0AB0\u0ABE\u0AA4\u0AC0';
const MEMORY_MIB_MAX = 200;
const MIB = 1024 * 1024;

const temp = makeTemp();
let client: TestClient;

/** Text of two bytes for a letter that is too large to be read from its beginning, and what stands at its end. */
function far(name: string, encode: (text: string) => Buffer, end: Buffer): void {
  const lines = encode(`\uFEFF${`${'x'.repeat(70)}\r\n`.repeat(62_000)}${'A'.repeat(400_000)}`);
  temp.write(`root/far/${name}`, Buffer.concat([lines, end]));
}

beforeAll(async () => {
  // A letter whose other byte is a line feed, and then one in which the bytes meet anew.
  far('le.txt', wide, Buffer.concat([wide(`\u0A05\u0100token=${TOKEN} end`), Buffer.from('\n')]));
  far('be.txt', swapped, Buffer.concat([swapped(`\u050A\u0001token=${TOKEN} end\n`)]));
  temp.write('root/far/gujarati.txt', wide(`\uFEFF${`${GUJARATI}\n`.repeat(1_200_000)}`));
  temp.write('root/clean/misaligned.txt', Buffer.concat([wide('\uFEFFa\n'), Buffer.from('abc')]));
  const many = Array.from({ length: 10_050 }, (_, n) => `npm_${String(n).padStart(36, '0')}`);
  temp.write('root/many.txt', `${many.join('\n')}\nreal ${TOKEN}\n`);
  const log = '2026-01-01 12:00:00 INFO served in 12 ms by worker 7, all is well\n'.repeat(60_000);
  temp.write('root/log.txt', `${log}GITHUB_TOKEN=${TOKEN}\n`);
  const nuls = Buffer.alloc(8 * MIB - 10_000, '\0a');
  temp.write('root/nuls/evil.txt', Buffer.concat([Buffer.alloc(9000, 'x'), nuls]));
  temp.write(
    'root/nuls/wide.txt',
    Buffer.concat([wide('\uFEFFa'), Buffer.alloc(7 * MIB, 'a\0\0\0')]),
  );
  temp.write('root/nuls/plain.txt', 'needle\n');
  temp.write('root/nuls.bin', nuls);
  temp.write(
    'root/sound.wav',
    Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), nuls.subarray(0, 4 * MIB)]),
  );
  for (const name of ['a.txt', `m${TOKEN}`, 'z.txt']) temp.write(`root/names/${name}`, 'x');
  client = await connect(
    'v2 modern',
    bundle(`root=${join(temp.path, 'root')}`, '--rate-limit', '1000000/1'),
  );
});
afterAll(async () => {
  await client.close();
  temp.remove();
});

/** The token in an answer, in any order of bytes and from any of them on. */
function holdsToken(text: string): boolean {
  const bytes = wide(text);
  const odd = Buffer.concat([Buffer.alloc(1), bytes]);
  const even = odd.subarray(0, odd.length - (odd.length % 2));
  return [
    bytes.toString('latin1'),
    Buffer.from(bytes).swap16().toString('latin1'),
    even.toString('latin1'),
  ]
    .map((spelling) => spelling.replaceAll('\0', ''))
    .concat(text)
    .some((spelling) => spelling.includes(TOKEN.slice(4, 16)));
}

describe('the far end of a file of two bytes for a letter', () => {
  test.each(['le.txt', 'be.txt'])(
    verifies('E6.redacted', 'begins at a whole letter: %s shows no piece'),
    async (name) => {
      for (const max_bytes of [64, 1024, 65_536, 262_144]) {
        const { structured } = await client.call('read_file', {
          path: `far/${name}`,
          tail: true,
          max_bytes,
        });
        expect([max_bytes, holdsToken(String(structured['text']))]).toEqual([max_bytes, false]);
      }
    },
  );

  test(verifies('E6.redacted', 'is shown, also where its letters hold a line feed'), async () => {
    const args = { path: 'far/gujarati.txt', tail: true, limit: 3 };
    const { structured } = await client.call('read_file', args);
    expect(structured['text']).toBe([GUJARATI, GUJARATI, GUJARATI].join('\n'));
  });

  test('a file of such letters that ends within one is read as far as it goes', async () => {
    const { text } = await client.call('read_file', { path: 'clean/misaligned.txt' });
    expect(text).toMatch(/^file\.undecodable/);
  });
});

describe('a literal search', () => {
  const counted = async (pattern: string, path: string) => {
    const started = performance.now();
    const args = { pattern, path, literal: true, mode: 'count' };
    const { structured } = await client.call('search_text', args);
    return { structured, ms: performance.now() - started };
  };
  const right = TOKEN.slice(0, 10);
  const wrong = `${TOKEN.slice(0, 9)}#`;

  test(verifies('E6.redacted', 'does not count what it finds under a cover'), async () => {
    expect((await counted(right, 'many.txt')).structured).toEqual(
      (await counted(wrong, 'many.txt')).structured,
    );
  });

  test(
    verifies('E6.redacted', 'takes as long for what is covered as for what is not there'),
    async () => {
      const times: [number[], number[]] = [[], []];
      for (let round = 0; round < 9; round += 1) {
        times[0].push((await counted(right, 'log.txt')).ms);
        times[1].push((await counted(wrong, 'log.txt')).ms);
      }
      const [hit, miss] = times.map((all) => Math.min(...all));
      expect(hit).toBeLessThan(2 * (miss ?? 0));
    },
  );
});

test(verifies('E6.redacted', 'a cursor tells no name that an answer would cover'), async () => {
  const calls = [
    ['find_files', { path: 'names', glob: '*.txt', limit: 1 }],
    ['find_files', { path: 'names', glob: '*', sort: 'size', limit: 2 }],
    ['list_directory', { path: 'names', limit: 2 }],
    ['search_text', { path: 'names', pattern: 'x', limit: 1 }],
  ] as const;
  for (const [name, args] of calls) {
    const { structured } = await client.call(name, args);
    const cursor = String(structured['next_cursor']);
    expect(cursor.length).toBeGreaterThan(20);
    expect([name, holdsToken(Buffer.from(cursor, 'base64').toString('latin1'))]).toEqual([
      name,
      false,
    ]);
    const next = await client.call(name, { ...args, cursor });
    expect([name, next.isError]).toEqual([name, false]);
  }
});

function peakMib({ pid }: TestClient): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe('data with a NUL at every second byte', () => {
  test(verifies('C10.hostile-trees', 'C10.bombs', 'ends no search of the others'), async () => {
    const { structured } = await client.call('search_text', { path: 'nuls', pattern: 'needle' });
    expect(structured['hits']).toMatchObject([{ path: 'root:nuls/plain.txt' }]);
    expect(structured['skipped']).toEqual({ binary: 2 });
    expect(peakMib(client)).toBeLessThan(MEMORY_MIB_MAX);
  });

  test(verifies('C10.bombs', 'is read as bytes, text and media, in little memory'), async () => {
    // One of its own, because the most that a process ever held is what is asked for.
    const reader = await connect('v2 modern', bundle(`root=${join(temp.path, 'root')}`));
    const bytes = { path: 'nuls.bin', encoding: 'base64' };
    const answers = await Promise.all([
      ...[0, 1, 2, 3].map(async () => reader.call('read_file', bytes)),
      reader.call('read_file', { path: 'nuls.bin', encoding: 'utf-8' }),
    ]);
    answers.push(await reader.call('read_file', { path: 'sound.wav' }));
    const peak = peakMib(reader);
    await reader.close();
    expect(answers.map(({ isError, text }) => isError && text)).toEqual(answers.map(() => false));
    expect(peak).toBeLessThan(MEMORY_MIB_MAX);
  });
});
