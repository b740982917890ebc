import { linkSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { type Answer, connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
const root = join(temp.path, 'root');
let client: TestClient;

const LINES = Array.from({ length: 10 }, (_, index) => `line ${String(index + 1)}`);
const KEY = ['-----BEGIN RSA ', 'PRIVATE KEY-----'].join('');
const KEY_END = ['-----END RSA ', 'PRIVATE KEY-----'].join('');
const KEY_LINES = Array.from({ length: 20 }, () => 'MIIEpAIBAAKCAQEAx'.repeat(3));
const LONG = `short\n${'é'.repeat(50_000)}\nend`;
/** Small enough to be read four bytes at a time, and with everything that a page can break in. */
const PAGED: Readonly<Record<string, string>> = {
  'paged-long.txt': `begin\n${'0123456789'.repeat(120)}\nend\n`,
  'paged-wide.txt': `é€😀\n${'aé€😀'.repeat(60)}\n\n${'😀'.repeat(40)}`,
  'paged-crlf.txt': `one\r\n\r\n${'zwölf '.repeat(40)}\r\n${'x\r\n'.repeat(30)}`,
  'paged-short.txt': 'ab\n\nabc\nabcd\nabcde\n'.repeat(20),
};
const TOKEN = `ghp_${'aB3'.repeat(12)}`;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

beforeAll(async () => {
  temp.write('root/ten.txt', `${LINES.join('\n')}\n`);
  temp.write('root/no-end.txt', 'a\nb');
  temp.write('root/empty.txt', '');
  temp.write('root/crlf.txt', 'a\r\nb\r\n');
  temp.write('root/mixed.txt', 'a\r\nb\n');
  temp.write('root/bom.txt', '\uFEFFwith a mark');
  temp.write('root/utf16le.txt', Buffer.from('\uFEFFgrüße\nzwei\n', 'utf16le'));
  temp.write('root/utf16be.txt', Buffer.from('\uFEFFgrüße\n', 'utf16le').swap16());
  temp.write('root/latin1.txt', Buffer.from('gr\xfc\xdfe', 'latin1'));
  temp.write('root/binary.bin', Buffer.from([1, 2, 0, 3]));
  temp.write('root/image.txt', PNG);
  temp.write('root/long.txt', LONG);
  for (const [name, content] of Object.entries(PAGED)) temp.write(`root/${name}`, content);
  temp.write('root/big.log', 'x'.repeat(99).concat('\n').repeat(100_000));
  temp.write('root/key.txt', ['before', KEY, ...KEY_LINES, KEY_END, 'after'].join('\n'));
  temp.write(
    'root/big-key.log',
    `${'x\n'.repeat(5_000_000)}${[KEY, ...KEY_LINES, KEY_END, 'after'].join('\n')}`,
  );
  temp.write('root/token.txt', `token = "${TOKEN}"\n`);
  temp.write('root/token16.txt', Buffer.from(`\uFEFF${TOKEN}`, 'utf16le'));
  temp.write('root/hidden.txt', 'ok\u{E0041}\u202E \x1b[31m');
  temp.write('root/a\u202Etxt.exe', 'named badly');
  temp.write('root/.env', 'SECRET=1');
  temp.write('root/dir/file.txt', 'in dir');
  linkSync(join(root, 'dir/file.txt'), join(root, 'hard.txt'));
  client = await connect('v2 modern', bundle(root, '--rate-limit', '1000000/1'));
});
afterAll(async () => {
  await client.close();
  temp.remove();
});

function read(path: string, args: object = {}): Promise<Answer> {
  return client.call('read_file', { path, ...args });
}

describe('read_file', () => {
  test('gives a small file whole, with everything that is known of it', async () => {
    const { structured, text } = await read('ten.txt');
    expect(structured).toMatchObject({
      path: 'root:ten.txt',
      kind: 'text',
      size: statSync(join(root, 'ten.txt')).size,
      encoding: 'utf-8',
      eol: 'lf',
      text: LINES.join('\n'),
      start_line: 1,
      end_line: 10,
      total_lines: 10,
      truncated: false,
    });
    expect(structured['etag']).toMatch(/^[\w-]{16}$/);
    expect(text).toContain('     3\tline 3');
  });

  test('the etag changes with the file', async () => {
    temp.write('root/changing.txt', 'a');
    const before = await read('changing.txt');
    expect((await read('changing.txt')).structured['etag']).toBe(before.structured['etag']);
    temp.write('root/changing.txt', 'b');
    expect((await read('changing.txt')).structured['etag']).not.toBe(before.structured['etag']);
  });

  test.each([
    [
      { start_line: 3, limit: 2 },
      'line 3\nline 4',
      { start_line: 3, end_line: 4, next_line: 5, truncated: true },
    ],
    [{ start_line: 9 }, 'line 9\nline 10', { end_line: 10, truncated: true }],
    [
      { tail: true, limit: 2 },
      'line 9\nline 10',
      { start_line: 9, end_line: 10, total_lines: 10, truncated: true },
    ],
    [{ tail: true }, LINES.join('\n'), { start_line: 1, truncated: false }],
    [{ max_bytes: 14 }, 'line 1\nline 2', { next_line: 3, truncated: true }],
    [{ max_bytes: 4 }, 'line', { next_line: 1, next_column: 5, truncated: true }],
    [{ max_bytes: 4, start_column: 3 }, 'ne 1', { next_line: 2, truncated: true }],
  ])(verifies('E7.bytes', '%j: a window, and where to go on'), async (args, text, facts) => {
    const { structured } = await read('ten.txt', args);
    expect(structured).toMatchObject({ text, ...facts });
  });

  test.each([4, 7, 64, 1000, 65_536])(
    verifies('E7.bytes', 'pages of at most %i bytes put together are the file'),
    async (max_bytes) => {
      for (const [name, content] of Object.entries(PAGED)) {
        expect([name, await readAll(name, max_bytes)]).toEqual([name, asLines(content)]);
      }
    },
  );

  test(
    verifies('E7.bytes', 'pages of any size put together are a file of long lines'),
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 400, max: 70_000 }), async (max_bytes) => {
          expect(await readAll('long.txt', max_bytes)).toBe(LONG);
        }),
        { numRuns: 10 },
      );
    },
  );

  /** Follows next_line and next_column to the end, and to the end only. */
  async function readAll(path: string, max_bytes: number): Promise<string> {
    let all = '';
    let place: object = {};
    for (;;) {
      const { structured, isError, text: told } = await read(path, { max_bytes, ...place });
      expect([isError, told]).toEqual([false, expect.any(String)]);
      const { text, next_line, next_column, truncated } = structured;
      expect(Buffer.byteLength(String(text))).toBeLessThanOrEqual(max_bytes);
      all += String(text);
      if (next_line === undefined) return all;
      expect(truncated).toBe(true);
      // A page that ends within a line goes on in it; one that ends with a line keeps its end to itself.
      if (next_column === undefined) all += '\n';
      const next = {
        start_line: next_line,
        ...(next_column !== undefined && { start_column: next_column }),
      };
      // A page that leads back to its own beginning would never end.
      expect(next).not.toEqual(place);
      place = next;
    }
  }

  /** A file as its lines are told: without their ends, which `eol` names. */
  function asLines(content: string): string {
    return content.replaceAll('\r\n', '\n').replace(/\n$/, '');
  }

  test.each([
    ['no-end.txt', { text: 'a\nb', eol: 'lf', total_lines: 2 }],
    ['empty.txt', { text: '', eol: 'none', total_lines: 0 }],
    ['crlf.txt', { text: 'a\nb', eol: 'crlf' }],
    ['mixed.txt', { text: 'a\nb', eol: 'mixed' }],
    ['bom.txt', { text: 'with a mark', encoding: 'utf-8', bom: true }],
    ['utf16le.txt', { text: 'grüße\nzwei', encoding: 'utf-16le', bom: true }],
    ['utf16be.txt', { text: 'grüße', encoding: 'utf-16be' }],
    ['binary.bin', { kind: 'binary' }],
  ])('%s is told as it is', async (path, facts) => {
    expect((await read(path)).structured).toMatchObject(facts);
  });

  test('text in another encoding is refused, and read when it is named', async () => {
    expect((await read('latin1.txt')).text).toMatch(/^file\.undecodable: .*windows-1252/);
    expect((await read('latin1.txt', { encoding: 'windows-1252' })).structured['text']).toBe(
      'grüße',
    );
  });

  test('a picture is a picture, whatever its name says', async () => {
    const { structured, blocks } = await read('image.txt');
    expect(structured).toMatchObject({ kind: 'image', mime_type: 'image/png' });
    expect(blocks[1]).toEqual({
      type: 'image',
      mimeType: 'image/png',
      data: PNG.toString('base64'),
    });
  });

  test('exact bytes come as base64, in pages', async () => {
    const all: Buffer[] = [];
    let offset: unknown = 0;
    while (typeof offset === 'number') {
      const { structured } = await read('image.txt', { encoding: 'base64', offset, max_bytes: 16 });
      all.push(Buffer.from(String(structured['data']), 'base64'));
      offset = structured['next_offset'];
    }
    expect(Buffer.concat(all)).toEqual(PNG);
  });

  test('the end of a large file is found without reading the rest', async () => {
    const { structured } = await read('big.log', { tail: true, limit: 2 });
    expect(structured).toMatchObject({
      text: `${'x'.repeat(99)}\n${'x'.repeat(99)}`,
      truncated: true,
    });
    expect(structured).not.toHaveProperty('start_line');
  });

  test.each([
    ['dir', {}, 'path.not_a_file'],
    [
      'ten.txt',
      { start_line: 11 },
      'line.out_of_range: The file ends before this place. It has 10 lines.',
    ],
    ['image.txt', { encoding: 'base64', offset: 10_000 }, 'line.out_of_range'],
    ['.env', {}, 'path.denied'],
    ['missing.txt', {}, 'path.refused'],
    ['../outside.txt', {}, 'path.refused'],
  ])('%s %j is refused: %s', async (path, args, code) => {
    const answer = await read(path, args);
    expect(answer.isError).toBe(true);
    expect(answer.text.startsWith(code)).toBe(true);
  });

  test(
    verifies(
      'E9.visible',
      'E9.names',
      'hidden characters are shown, and a name that was shown can be sent back',
    ),
    async () => {
      const { structured, text } = await read('hidden.txt');
      expect(structured['text']).toBe('ok\\u{E0041}\\u{202E} \\u{1B}[31m');
      expect(text).toContain('Hidden characters shown as \\u{…}: 3.');
      const named = await read('a\\u{202E}txt.exe');
      expect(named.structured).toMatchObject({
        path: 'root:a\\u{202E}txt.exe',
        text: 'named badly',
      });
      const exact = await read('hidden.txt', { encoding: 'base64' });
      expect(Buffer.from(String(exact.structured['data']), 'base64').toString()).toContain(
        '\u{E0041}\u202E',
      );
    },
  );
});

describe('secrets', () => {
  test(
    verifies('E6.redacted', 'a token is taken out of text, and bytes that hold one are refused'),
    async () => {
      const answer = await read('token.txt');
      expect(answer.structured['text']).toMatch(/^token = "\[redacted: github-token\]\*+"$/);
      expect(answer.text).toContain('Secrets redacted: 1.');
      expect(JSON.stringify(answer)).not.toContain(TOKEN);
      for (const path of ['token.txt', 'token16.txt']) {
        expect((await read(path, { encoding: 'base64' })).text).toMatch(/^file\.secret: /);
        const middle = await read(path, { encoding: 'base64', offset: 12, max_bytes: 8 });
        expect(middle.text).toMatch(/^file\.secret: /);
      }
    },
  );

  test.each([
    ['from its first line', {}],
    ['from its middle', { start_line: 10, limit: 5 }],
    ['by its end', { tail: true, limit: 5 }],
    ['in another encoding', { encoding: 'windows-1252', start_line: 8, limit: 3 }],
  ])(verifies('E6.keys', 'a private key stays hidden, read %s'), async (_, args) => {
    const answer = await read('key.txt', args);
    expect(JSON.stringify(answer)).not.toContain('MIIE');
    expect(String(answer.structured['text'])).toContain('[redacted: private-key]');
  });

  test(verifies('E6.keys', 'a private key at the end of a large file stays hidden'), async () => {
    const answer = await read('big-key.log', { tail: true, limit: 10 });
    expect(JSON.stringify(answer)).not.toContain('MIIE');
    expect(String(answer.structured['text'])).toMatch(/after$/);
  });

  test(
    verifies('E6.keys', 'a private key is not found by a search, nor shown beside a hit'),
    async () => {
      expect(
        (await client.call('search_text', { path: 'key.txt', pattern: 'MIIE' })).structured['hits'],
      ).toEqual([]);
      const beside = await client.call('search_text', {
        path: 'key.txt',
        pattern: 'after|before',
        context: 10,
      });
      expect(beside.structured['hits']).toHaveLength(2);
      expect(JSON.stringify(beside)).not.toContain('MIIE');
    },
  );

  test(verifies('E6.keys', 'nor is it in a resource'), async () => {
    expect(JSON.stringify(await client.read('workspace://root/key.txt'))).not.toContain('MIIE');
    expect(JSON.stringify(await client.read('workspace://root/token.txt'))).not.toContain(TOKEN);
  });
});

describe('read_files', () => {
  test('reads several, and one that is refused stops none', async () => {
    const { structured } = await client.call('read_files', {
      paths: ['ten.txt', 'missing.txt', '.env', 'a\\u{0}', 'image.txt', 'dir/file.txt'],
    });
    expect(structured['files']).toMatchObject([
      { path: 'root:ten.txt', text: LINES.join('\n') },
      { path: 'root:missing.txt', refused: expect.stringMatching(/^path\.refused/) },
      { path: 'root:.env', refused: expect.stringMatching(/^path\.denied/) },
      { refused: expect.stringMatching(/^path\.invalid/) },
      { path: 'root:image.txt', refused: expect.stringMatching(/^file\.binary/) },
      { path: 'root:dir/file.txt', text: 'in dir' },
    ]);
  });

  test(verifies('E7.bytes', 'shares one budget of bytes between them'), async () => {
    const { structured } = await client.call('read_files', {
      paths: ['ten.txt', 'ten.txt', 'ten.txt'],
      max_bytes: 100,
    });
    const files: readonly Record<string, unknown>[] = Object(structured['files']);
    expect(files.map(({ text }) => String(text).length)).toEqual([LINES.join('\n').length, 27, 3]);
    expect(files[1]).toMatchObject({ next_line: 5 });
    expect(files[2]).toMatchObject({ next_line: 1 });
  });
});

describe('resources', () => {
  test('files, pictures and directories', async () => {
    expect(await client.read('workspace://root/ten.txt')).toMatchObject([
      { mimeType: 'text/plain', text: LINES.join('\n') },
    ]);
    expect(await client.read('workspace://root/image.txt')).toMatchObject([
      { mimeType: 'image/png', blob: PNG.toString('base64') },
    ]);
    expect(await client.read('workspace://root/binary.bin')).toMatchObject([
      { mimeType: 'application/octet-stream', blob: 'AQIAAw==' },
    ]);
    expect(await client.read('workspace://root/dir')).toMatchObject([
      { mimeType: 'inode/directory', text: 'file       root:dir/file.txt' },
    ]);
  });

  test('the list names the roots, and no tree', async () => {
    expect(await client.listResources()).toMatchObject([{ uri: 'workspace://root', name: 'root' }]);
  });

  test(verifies('E7.bytes', 'what is too large for one piece is refused, not cut'), async () => {
    await expect(client.read('workspace://root/big.log')).rejects.toThrow('file.too_large');
  });

  test('completion goes into directories, and keeps denied names to itself', async () => {
    const complete = (value: string) =>
      client.complete('workspace://{root}/{+path}', 'path', value, { root: 'root' });
    expect(await complete('di')).toEqual(['dir/']);
    expect(await complete('dir/')).toEqual(['dir/file.txt']);
    expect(await complete('.e')).toEqual([]);
    expect(await client.complete('workspace://{root}/{+path}', 'root', 'r')).toEqual(['root']);
    await expect(complete('../')).rejects.toThrow('path.refused');
  });
});
