import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

import {
  attacks,
  CLIENTS,
  connect,
  eventually,
  makeTemp,
  recordsOf,
  type TestClient,
  treeDigest,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp('LEAKMARKER');
const root = join(temp.path, 'ROOTMARKER');

beforeAll(() => {
  temp.write('ROOTMARKER/file.txt', 'inside\n');
  temp.write('ROOTMARKER/closed/file.txt', 'closed\n');
  temp.write('ROOTMARKER/.env', 'SECRET=1');
  temp.write('OUTMARKER/file.txt', 'OUTMARKER');
  symlinkSync('../OUTMARKER/file.txt', join(root, 'out-file'));
  symlinkSync(join(temp.path, 'OUTMARKER'), join(root, 'out-dir'));
  symlinkSync('TARGETMARKER', join(root, 'dangling'));
  symlinkSync('loop', join(root, 'loop'));
  mkdirSync(join(root, 'empty'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  chmodSync(join(root, 'closed'), 0o000);
});
afterAll(() => {
  chmodSync(join(root, 'closed'), 0o700);
  temp.remove();
});

const PATHS = [
  ...attacks.TRAVERSALS,
  ...attacks.MALFORMED,
  'missing',
  'missing/deeper',
  'file.txt/x',
  'out-file',
  'out-dir',
  'out-dir/file.txt',
  'dangling',
  'loop',
  'pipe',
  'closed/file.txt',
  '.env',
  'empty',
  '..',
];

/** Every call that can go wrong with a path. */
const CALLS = PATHS.flatMap((path) => [
  { name: 'read_file', args: { path } },
  { name: 'read_file', args: { path, encoding: 'base64' } },
  { name: 'read_files', args: { paths: [path, 'file.txt'] } },
  { name: 'list_directory', args: { path, details: true } },
  { name: 'find_files', args: { path, glob: '*' } },
  { name: 'search_text', args: { path, pattern: 'x' } },
]);

/** What must not stand anywhere: the host's paths, the targets of links, stacks. */
const LEAKS: readonly RegExp[] = [
  /LEAKMARKER/,
  /ROOTMARKER(?!:)/,
  /OUTMARKER/,
  /TARGETMARKER/,
  /\/proc\/self\/fd/,
  /\bat .+\(.+:\d+:\d+\)/,
  /main\.cjs:\d+\)/,
  new RegExp(`(?<!\\w)${homedir()}/`),
  new RegExp(`\\b${hostname()}\\b`),
];

describe.each(CLIENTS)('nothing leaks, with the %s client', (kind) => {
  let client: TestClient;
  beforeAll(async () => {
    client = await connect(
      kind,
      bundle(`site=${root}`, '--rate-limit', '1000000/1', '--log-level', 'debug'),
    );
  });
  afterAll(() => client.close());

  test(
    verifies(
      'C8.no-leak',
      'C3.words',
      'no answer and no log line holds a path of the host, a target or a stack',
    ),
    async () => {
      const said: string[] = [];
      for (const { name, args } of CALLS) {
        const answer = await client.call(name, args);
        said.push(JSON.stringify(answer));
      }
      for (const path of PATHS) {
        const uri = `workspace://site/${path}`;
        const outcome = await client
          .read(uri)
          .then(JSON.stringify, (error: unknown) => String(error));
        said.push(outcome);
      }
      await eventually(
        () => recordsOf(client).filter(({ type }) => type === 'tool.call').length,
        (records) => records >= CALLS.length,
      );
      const log = client.stderr();
      expect(said.find((text) => /ENOENT|EACCES|ELOOP|ENOTDIR/.test(text))).toBeUndefined();
      for (const leak of LEAKS) {
        expect(said.find((text) => leak.test(withoutEcho(text)))).toBeUndefined();
        expect(log.split('\n').find((line) => leak.test(line))).toBeUndefined();
      }
    },
  );

  /** `read_files` names a path that could not be parsed by the caller's own words. */
  function withoutEcho(text: string): string {
    return PATHS.reduce(
      (rest, path) => rest.replaceAll(JSON.stringify(path).slice(1, -1), ''),
      text,
    );
  }

  test(
    verifies(
      'C8.uniform',
      'C3.links',
      'what is missing, outside or linked outside gets one answer',
    ),
    async () => {
      const answers = await Promise.all(
        [
          'missing',
          '../outside.txt',
          '/etc/passwd',
          'out-file',
          'out-dir/file.txt',
          'dangling',
          'loop',
        ].map(async (path) => (await client.call('read_file', { path })).text),
      );
      expect(new Set(answers)).toEqual(
        new Set([
          'path.refused: There is no such file or directory beneath the roots that you may use. Write root:path; list_roots names the roots.',
        ]),
      );
    },
  );

  test(
    verifies(
      'C9.complete',
      'C9.no-values',
      'the trail tells why, and still names no path of the host',
    ),
    async () => {
      await client.call('read_file', { path: 'out-file' });
      const records = await eventually(
        () =>
          recordsOf(client).filter(
            ({ type, reason }) => type === 'tool.call' && reason === 'path.refused',
          ),
        (found) => found.some(isLinkedOutside),
      );
      expect(records.find(isLinkedOutside)).toMatchObject({
        outcome: 'deny',
        detail: 'outside the root',
        targets: [{ kind: 'path', name: 'site:out-file' }],
        args: { path: { type: 'string', length: 8 } },
      });
    },
  );
});

function isLinkedOutside({ targets }: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(targets) && JSON.stringify(targets).includes('site:out-file');
}

test(verifies('C6.read-only', 'whatever is called, nothing beneath the root changes'), async () => {
  chmodSync(join(root, 'closed'), 0o700);
  const before = treeDigest(root);
  const client = await connect('v2 modern', bundle(`site=${root}`, '--rate-limit', '1000000/1'));
  for (const { name, args } of CALLS) await client.call(name, args);
  for (const name of ['write_file', 'delete_path', 'move_path', 'create_directory', 'edit_file']) {
    expect((await client.call(name, { path: 'file.txt', content: 'x' })).text).toMatch(
      /^tool\.unknown/,
    );
  }
  await client.close();
  expect(treeDigest(root)).toBe(before);
});
