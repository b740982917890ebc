import { join } from 'node:path';

import { connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

/** Put together here, so that no scanner takes them for real ones. */
const TOKEN = ['ghp', 'Q7mX2vLk9RtYw4ZpB6nHd3JsF8cGa5Ue1TiO'].join('_');
const KEY_BODY = Array.from({ length: 24 }, (_, line) =>
  Array.from({ length: 64 }, (__, column) => letter(line * 64 + column)).join(''),
);
const PEM = ['-----BEGIN PRIVATE ', 'KEY-----'].join('');
const PEM_END = ['-----END PRIVATE ', 'KEY-----'].join('');
const OTHER_BODY = KEY_BODY.map((line) => Array.from(line).toReversed().join(''));
const KEY = [PEM, ...KEY_BODY, PEM_END].join('\n');
const PASSWORD = 'correcthorse9battery';

/** A letter that looks drawn, and is the same in each run. */
function letter(place: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet.charAt((place * 7919 + (place >> 3) * 104_729 + 17) % alphabet.length);
}

const FILES: Readonly<Record<string, string | Buffer>> = {
  'token.txt': `first line\ntoken = ${TOKEN}\nlast line\n`,
  'long.txt': `${'x'.repeat(65_520)} ${TOKEN} ${'y'.repeat(5000)}HIT\n`,
  'key.pem.txt': `# a key\n${KEY}\nbehind\n`,
  'two-keys.txt': `${PEM}\n${OTHER_BODY.join('\n')}\n${PEM_END}${KEY}\n`,
  'one-line.json': JSON.stringify({ private_key: `${KEY}\n`, note: 'n' }),
  'pgp.txt': `${PEM.replace('KEY', 'KEY BLOCK')}\n${Array.from({ length: 40 }, () => KEY_BODY.join('\n')).join('\n')}\n`,
  'wide.txt': Buffer.from(`\uFEFFtoken = ${TOKEN}\n${KEY}\n`, 'utf16le'),
  'wide-unmarked.txt': Buffer.from(`token = ${TOKEN}\n${KEY}\n`, 'utf16le'),
  'appended.txt': Buffer.concat([
    Buffer.from('plain\n'.repeat(2000)),
    Buffer.from(`token = ${TOKEN}\n`, 'utf16le'),
  ]),
  'picture.gif': Buffer.concat([Buffer.from('GIF89a\0'), Buffer.from(`${TOKEN}\n${KEY}\n`)]),
  'far.txt': `hello\n${'x'.repeat(200_000)}${KEY}\nbehind\n`,
  'mixed.txt': Buffer.concat([
    Buffer.from('\uFEFFwide text\n', 'utf16le'),
    Buffer.from(`key=${TOKEN}\r\n`),
  ]),
  // A mark of UTF-16 before ASCII, and letters that begin at the other byte of the file.
  'ascii-as-wide.txt': Buffer.from(`\xFF\xFEtoken=${TOKEN}\n\0`, 'latin1'),
  'key-as-wide.txt': Buffer.from(`\xFE\xFF${KEY}\n`, 'latin1'),
  'misaligned.txt': Buffer.concat([
    Buffer.from('\uFEFFhello\r\n', 'utf16le'),
    Buffer.from('abc'),
    Buffer.from(`token ${TOKEN}\r\n${KEY}\n`, 'utf16le'),
    Buffer.from('\n'),
  ]),
  'misaligned-be.txt': Buffer.concat([
    Buffer.from('\uFEFFhello\r\n', 'utf16le').swap16(),
    Buffer.from('abc'),
    Buffer.from(`token ${TOKEN}\r\n`, 'utf16le').swap16(),
    Buffer.from('\n'),
  ]),
  'both-orders.txt': Buffer.concat([
    Buffer.from('\uFEFFhello\r\n', 'utf16le'),
    Buffer.from(`token ${TOKEN}\r\n`, 'utf16le').swap16(),
  ]),
  'latin1.txt': Buffer.from(`caf\u00E9\ntoken = ${TOKEN}\n`, 'latin1'),
  'url.txt': `db = postgres://app:${PASSWORD}@db/app\n`,
};
const SECRETS = [TOKEN.slice(4), KEY_BODY.join(''), PASSWORD];

const temp = makeTemp();
let redacting: TestClient;
let blocking: TestClient;

beforeAll(async () => {
  for (const [name, content] of Object.entries(FILES)) temp.write(`root/${name}`, content);
  const root = `root=${join(temp.path, 'root')}`;
  const start = (secrets: string) =>
    connect('v2 modern', bundle(root, '--secrets', secrets, '--rate-limit', '1000000/1'));
  [redacting, blocking] = await Promise.all([start('redact'), start('block')]);
});
afterAll(async () => {
  await Promise.all([redacting.close(), blocking.close()]);
  temp.remove();
});

/** Characters of a secret in a row that are too many. Of the user in a URL its password may remind. */
const PIECE = 8;

/** Every way in which an answer could spell a secret: as it is, without marks of NUL, and in other letters. */
function spellings(text: string): readonly string[] {
  const plain = text.replaceAll('\\u{0}', '').replaceAll('\0', '').replaceAll('\n', '');
  const wide = Buffer.from(text, 'utf16le');
  const swapped = Buffer.from(wide.subarray(0, wide.length - (wide.length % 2))).swap16();
  // Letters of two bytes whose bytes changed places have a NUL between them, as well.
  const bare = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\0', '');
  return [plain, bare(wide), bare(swapped)];
}

function leaked(text: string): string | undefined {
  const told = spellings(text);
  for (const secret of SECRETS) {
    for (let at = 0; at + PIECE <= secret.length; at += 1) {
      const piece = secret.slice(at, at + PIECE);
      if (told.some((spelling) => spelling.includes(piece))) return piece;
    }
  }
  return undefined;
}

const ENCODINGS = ['auto', 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'gb18030'];

/** Windows that cut lines and secrets in every way. */
const WINDOWS: readonly object[] = [
  {},
  ...[20, 28, 64, 1000].map((max_bytes) => ({ max_bytes })),
  ...[1, 2, 3, 4, 20].flatMap((start_line) =>
    [1, 2, 9, 10, 13, 30, 60].flatMap((start_column) =>
      [20, 64].map((max_bytes) => ({ start_line, start_column, max_bytes })),
    ),
  ),
  ...[65_515, 65_522, 65_530, 65_540].map((start_column) => ({ start_column, max_bytes: 40 })),
  // So far to the right that the line's beginning is not kept.
  ...[1, 2, 3].map((start_line) => ({ start_line, start_column: 40_000 })),
  ...[1, 2, 5, 30].flatMap((limit) => [
    { tail: true, limit },
    { tail: true, limit, max_bytes: 80 },
  ]),
];

describe.each(Object.keys(FILES))('%s', (path) => {
  test(
    verifies('E6.redacted', 'E6.keys', 'no window of lines and no encoding shows a piece'),
    async () => {
      for (const encoding of ENCODINGS) {
        for (const window of WINDOWS) {
          for (const client of encoding === 'auto' ? [redacting, blocking] : [redacting]) {
            const answer = await client.call('read_file', { path, encoding, ...window });
            const told = `${String(answer.structured['text'] ?? '')}\n${answer.text}`;
            expect([encoding, window, leaked(told)]).toEqual([encoding, window, undefined]);
          }
        }
      }
    },
  );

  test(verifies('E6.redacted', 'pages of a file put together show no piece'), async () => {
    for (const max_bytes of [28, 100, 65_536]) {
      let all = '';
      let next: object | undefined = {};
      for (let pages = 0; next !== undefined && pages < 400; pages += 1) {
        const { structured } = await redacting.call('read_file', { path, max_bytes, ...next });
        all += String(structured['text'] ?? '');
        const { next_line, next_column = 1 } = structured;
        next =
          typeof next_line === 'number'
            ? { start_line: next_line, start_column: next_column }
            : undefined;
      }
      expect([max_bytes, leaked(all)]).toEqual([max_bytes, undefined]);
    }
  });

  test(verifies('E6.redacted', 'no window of bytes shows a piece'), async () => {
    const size = Buffer.byteLength(FILES[path] ?? '');
    const offsets = [0, 1, 10, 20, 40, 100, 1000, 20_000, 65_530, size - 40].filter(
      (offset) => offset >= 0 && offset <= size,
    );
    for (const offset of offsets) {
      const answer = await redacting.call('read_file', {
        path,
        encoding: 'base64',
        offset,
        max_bytes: 64,
      });
      const bytes = Buffer.from(String(answer.structured['data'] ?? ''), 'base64');
      expect([offset, leaked(bytes.toString('latin1'))]).toEqual([offset, undefined]);
    }
  });

  test(verifies('E6.redacted', 'no search shows a piece'), async () => {
    for (const pattern of ['.', '[^ ]{9}', '.{20,}$']) {
      const args = { path, pattern, context: 3, limit: 1000 };
      const { structured, text } = await redacting.call('search_text', args);
      const told = `${JSON.stringify(structured)}\n${text}`;
      expect([pattern, leaked(told)]).toEqual([pattern, undefined]);
    }
  });

  test(verifies('E6.redacted', 'a resource shows no piece'), async () => {
    const contents = await redacting.read(`workspace://root/${path}`).catch(() => []);
    for (const { text, blob } of contents) {
      expect(leaked(String(text ?? ''))).toBeUndefined();
      expect(leaked(Buffer.from(String(blob ?? ''), 'base64').toString('latin1'))).toBeUndefined();
    }
  });
});

describe('a search', () => {
  const search = async (client: TestClient, args: object) => {
    const { structured, text, isError } = await client.call('search_text', args);
    return { structured, told: text, isError };
  };

  test(verifies('E6.redacted', 'shows no piece, wherever it cuts its lines'), async () => {
    for (const pattern of [
      'token',
      'HIT',
      'x{1000}',
      'y{1000}y{900}',
      'behind',
      '[A-Za-z]{20}',
      '.',
    ]) {
      for (const context of [0, 3]) {
        const { told, structured } = await search(redacting, { pattern, context, limit: 1000 });
        expect([pattern, leaked(told)]).toEqual([pattern, undefined]);
        expect([pattern, leaked(JSON.stringify(structured))]).toEqual([pattern, undefined]);
      }
    }
  });

  test(verifies('E6.redacted', 'cannot be asked for a secret letter by letter'), async () => {
    const known = TOKEN.slice(0, 5);
    const other = `${TOKEN.slice(0, 4)}${known.endsWith('A') ? 'B' : 'A'}`;
    for (const client of [redacting, blocking]) {
      for (const mode of ['matches', 'count', 'files']) {
        // Alternatives could tell by what they find in the place of the secret.
        for (const around of ['%', '%.*', '(?:%.*|\\[redacted.*)', 'token = (?:%|.redacted)']) {
          const ask = async (guess: string) => {
            const pattern = around.replace('%', guess);
            const { structured } = await search(client, { path: 'token.txt', pattern, mode });
            const found = await search(client, {
              path: 'latin1.txt',
              pattern: guess,
              mode,
              literal: true,
            });
            return [structured, found.structured];
          };
          expect([mode, around, await ask(known)]).toEqual([mode, around, await ask(other)]);
        }
      }
    }
  });
});

test(
  verifies('E6.redacted', 'an answer that would hold one is refused as a whole under block'),
  async () => {
    for (const path of ['token.txt', 'key.pem.txt', 'wide.txt', 'url.txt']) {
      const { text } = await blocking.call('read_file', { path });
      expect([path, text]).toEqual([path, expect.stringMatching(/^output\.secret: /)]);
    }
    const { text } = await blocking.call('search_text', { path: 'token.txt', pattern: 'token' });
    expect(text).toMatch(/^output\.secret: /);
    const clean = await blocking.call('search_text', { path: 'token.txt', pattern: 'first' });
    expect(clean.isError).toBe(false);
  },
);

test(verifies('E6.redacted', 'the rest of the text stays where it was'), async () => {
  const { structured } = await redacting.call('read_file', { path: 'token.txt' });
  const covered = '[redacted: github-token]'.padEnd(TOKEN.length, '*');
  expect(structured['text']).toBe(`first line\ntoken = ${covered}\nlast line`);
});
