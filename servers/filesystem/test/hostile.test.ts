import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import {
  connect,
  eventually,
  makeTemp,
  startRaw,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { SANDBOXES } from './walk/tree.ts';

const temp = makeTemp();
const root = join(temp.path, 'root');
const MEMORY_MIB_MAX = 200;
const KEY_MARK = ['-----BEGIN PRIVATE ', 'KEY-----'].join('');

beforeAll(() => {
  temp.write('root/small.txt', 'small');
  // One file that becomes eight million lines, each of them a line of a key.
  temp.write('root/lines/key.txt', `${KEY_MARK}${'\n'.repeat(8 * 1024 * 1024 - 100)}`);
  temp.write('root/lines/empty.txt', '\n'.repeat(8 * 1024 * 1024 - 100));
  // Ignore files whose patterns are linear, and many.
  const rules = Array.from({ length: 900 }, (_, rule) => `${'*a'.repeat(30)}${String(rule)}b`).join(
    '\n',
  );
  temp.write('root/ignored/.gitignore', rules);
  for (let file = 0; file < 2000; file += 1)
    writeFileSync(join(root, 'ignored', `${'a'.repeat(230)}${String(file)}`), '');
  let deep = join(root, 'nested');
  for (let level = 0; level < 50; level += 1) {
    deep = join(deep, 'd');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, '.gitignore'), rules);
  }
  temp.write('root/linked/shown.txt', 'shown');
  temp.write('outside/rules', 'shown.txt\n');
  linkSync(join(temp.path, 'outside/rules'), join(root, 'linked/.gitignore'));
  mkdirSync(join(root, 'pipe/sub'), { recursive: true });
  execFileSync('mkfifo', [join(root, 'pipe/.gitignore')]);
  // More entries than a walk sorts, and then one more directory.
  mkdirSync(join(root, 'wide/big'), { recursive: true });
  for (let file = 0; file < 50_001; file += 1)
    writeFileSync(join(root, 'wide/big', String(file)), '');
  temp.write('root/wide/zz/last.txt', 'last');
  temp.write('root/count.txt', 'hit\n'.repeat(5000));
  // A mark of UTF-16 and then nothing, as much of it as one read looks at.
  truncateSync(temp.write('root/sparse.txt', Buffer.from([0xff, 0xfe])), 64 * 1024 * 1024);
});
afterAll(() => temp.remove());

function peakMib(pid: number): number {
  return (
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) / 1024
  );
}

describe.each(SANDBOXES)('a tree that attacks its reader, in the %s sandbox', (sandbox) => {
  let client: TestClient;
  beforeAll(async () => {
    const options = ['--sandbox', sandbox, '--rate-limit', '1000000/1', '--hard-links', 'deny'];
    client = await connect('v2 modern', bundle(`root=${root}`, ...options));
  });
  afterAll(() => client.close());

  test.each([
    ['search_text', { path: 'lines', pattern: 'needle' }],
    ['read_file', { path: 'lines/key.txt', limit: 5000 }],
    ['list_directory', { path: 'ignored', depth: 2 }],
    ['find_files', { path: 'ignored', glob: '*' }],
    ['find_files', { path: 'nested', glob: '*' }],
    ['search_text', { path: 'nested', pattern: 'x' }],
  ])(
    verifies('C10.hostile-trees', 'C10.bombs', '%s %j gets an answer, and the server lives'),
    async (name, args) => {
      const started = performance.now();
      const { isError, text } = await client.call(name, args);
      expect([isError, text.split(':')[0]]).toEqual([false, expect.any(String)]);
      expect(performance.now() - started).toBeLessThan(10_000);
      expect((await client.call('read_file', { path: 'small.txt' })).text).toContain('small');
      expect(peakMib(client.pid)).toBeLessThan(MEMORY_MIB_MAX);
    },
    20_000,
  );

  test(verifies('C3.hard-links', 'an ignore file that may not be read hides nothing'), async () => {
    const { text } = await client.call('find_files', { path: 'linked', glob: '*.txt' });
    expect(text).toContain('shown.txt');
  });

  test(verifies('C3.special', 'a pipe in the place of an ignore file is not opened'), async () => {
    // A writer waits until somebody opens the other end.
    const writer = spawn('sh', ['-c', `echo x > ${join(root, 'pipe/.gitignore')}`]);
    await client.call('find_files', { path: 'pipe/sub', glob: '*' });
    await client.call('find_files', { path: 'pipe', glob: '*' });
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    expect(writer.exitCode).toBeNull();
    writer.kill('SIGKILL');
  });

  test(
    verifies('E13.light', 'C10.bombs', 'reads of many large files share one budget, and pass none'),
    async () => {
      const paths = Array.from({ length: 20 }, () => 'sparse.txt');
      const started = performance.now();
      const heavy = Promise.all(
        [1, 2, 3, 4].map(async () => client.call('read_files', { paths, max_bytes: 1000 })),
      );
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      const asked = performance.now();
      expect((await client.call('read_file', { path: 'small.txt' })).text).toContain('small');
      expect(performance.now() - asked).toBeLessThan(5000);
      for (const { text, structured } of await heavy) {
        expect([text.slice(0, 20), JSON.stringify(structured)]).toEqual([
          'Read 1 of 20 files.\n',
          expect.stringContaining('file.too_large: '),
        ]);
      }
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(peakMib(client.pid)).toBeLessThan(MEMORY_MIB_MAX);
    },
  );

  test(verifies('E7.bytes', 'a walk that was cut says so'), async () => {
    const { structured } = await client.call('find_files', { path: 'wide', glob: 'last.txt' });
    expect(structured['complete']).toBe(false);
  });

  test(verifies('E7.bytes', 'every hit is counted'), async () => {
    const args = { path: 'count.txt', pattern: 'hit', mode: 'count' };
    const { structured } = await client.call('search_text', args);
    expect(structured['files']).toEqual([{ path: 'root:count.txt', matches: 5000 }]);
    const capped = await client.call('search_text', {
      path: 'count.txt',
      pattern: 'hit',
      max_per_file: 5,
    });
    expect(capped.structured['skipped']).toEqual({ capped: 1 });
  });

  test(
    verifies(
      'E13.cancel',
      'E14.pipe',
      'a call that is cancelled while its worker starts harms nobody',
    ),
    async () => {
      for (let delay = 0; delay <= 40; delay += 4) {
        const raw = startRaw(bundle(`root=${root}`, '--sandbox', sandbox));
        await raw.initialize();
        raw.send({
          jsonrpc: '2.0',
          id: 'cancelled',
          method: 'tools/call',
          params: { name: 'read_file', arguments: { path: 'small.txt' } },
        });
        await new Promise((resolve) => {
          setTimeout(resolve, delay);
        });
        raw.send({
          jsonrpc: '2.0',
          method: 'notifications/cancelled',
          params: { requestId: 'cancelled' },
        });
        const next = await raw.ask('next', 'tools/call', {
          name: 'read_file',
          arguments: { path: 'small.txt' },
        });
        expect(JSON.stringify(next.result)).toContain('small');
        expect(await raw.end()).toEqual({ code: 0, signal: null });
      }
    },
  );
});

/** A file system that holds files larger than a number is exact. */
const TMPFS = '/dev/shm';
const noTmpfs = existsSync(TMPFS) ? '' : ` (skipped: there is no ${TMPFS})`;

test.skipIf(noTmpfs !== '')(
  verifies('C10.bombs', `a file beyond all numbers harms no listing of its directory${noTmpfs}`),
  async () => {
    const top = mkdtempSync(join(TMPFS, 'secure-mcp-'));
    writeFileSync(join(top, 'ok.txt'), 'ok');
    writeFileSync(join(top, 'x.bin'), '');
    execFileSync('truncate', ['-s', '9223372036854771712', join(top, 'x.bin')]);
    const client = await connect('v2 modern', bundle(`root=${top}`));
    const [offset, encoding] = [Number.MAX_SAFE_INTEGER - 1, 'base64'];
    const calls = [
      ['list_directory', { details: true }],
      ['find_files', { glob: '*', sort: 'size' }],
      ['read_file', { path: 'x.bin' }],
      ['read_file', { path: 'x.bin', encoding: 'utf-8', tail: true }],
      ['read_file', { path: 'x.bin', encoding, offset, max_bytes: 262_144 }],
      ['read_files', { paths: ['x.bin', 'ok.txt'] }],
      ['search_text', { pattern: 'ok' }],
    ] as const;
    for (const [name, args] of calls) {
      const { isError, text } = await client.call(name, args);
      expect([name, args, isError && text]).toEqual([name, args, false]);
    }
    await client.close();
    rmSync(top, { recursive: true });
  },
);

test(
  verifies('E14.signal', 'C9.complete', 'a call that SIGTERM cuts off is answered and recorded'),
  async () => {
    temp.write('slow/file.txt', 'ab'.repeat(4_000_000));
    const raw = startRaw(bundle(`root=${join(temp.path, 'slow')}`));
    await raw.initialize();
    raw.send({
      jsonrpc: '2.0',
      id: 'slow',
      method: 'tools/call',
      params: {
        name: 'search_text',
        arguments: { pattern: '(?:(?:a|b|ab){0,30}){0,30}$', ignore_case: true },
      },
    });
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    raw.process.kill('SIGTERM');
    const { result } = await raw.next(({ id }) => id === 'slow');
    expect(JSON.stringify(result)).toContain('server.stopping');
    await eventually(raw.stderr, (told) => told.includes('"server.stopping"'));
  },
);

test(
  verifies('C9.fail-closed', 'E14.eof', 'a trail that fails at the end harms nobody'),
  async () => {
    const pipe = join(temp.path, 'trail');
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('sh', ['-c', `head -n 2 ${pipe} > /dev/null`]);
    const raw = startRaw(bundle(`root=${root}`, '--audit-log', pipe));
    await raw.initialize();
    await raw.ask('call', 'tools/call', { name: 'list_roots', arguments: {} });
    await eventually(
      () => reader.exitCode,
      (code) => code !== null,
    );
    expect(await raw.end()).toEqual({ code: 0, signal: null });
    expect(raw.stderr()).not.toMatch(/\n\s+at /);
  },
);
