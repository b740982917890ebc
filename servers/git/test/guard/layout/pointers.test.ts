import { verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import {
  createPackedRefsCheck,
  parseAlternates,
  parseCommondir,
  parseGitfile,
  parseHead,
  parseShallow,
} from '../../../src/guard/layout/index.ts';
import { emptyRepository, runGit } from '../git.ts';

const OID = 'a'.repeat(40);
const OTHER = '0123456789abcdef'.repeat(4);

describe('a pointer', () => {
  test.each([
    ['gitdir: ../x/.git\n', '../x/.git'],
    ['gitdir: /srv/x', '/srv/x'],
    ['gitdir: a b \n\r\n', 'a b '],
  ])('%j leads to %j', (text, path) => {
    expect(parseGitfile(text)).toEqual({ ok: true, path });
    expect(parseCommondir(text.slice('gitdir: '.length))).toEqual({ ok: true, path });
  });

  test.each([
    ['', 'not a pointer'],
    ['root:x:0:0\n', 'not a pointer'],
    ['gitdir:x', 'not a pointer'],
    ['GITDIR: x', 'not a pointer'],
    [' gitdir: x', 'not a pointer'],
    ['gitdir: ', 'empty'],
    ['gitdir: \n', 'empty'],
    ['gitdir: a\nb', 'several lines'],
    ['gitdir: a\rb\n', 'several lines'],
    ['gitdir: a\0b', 'several lines'],
    ['gitdir: caf\ufffd', 'encoding'],
  ])(verifies('C6.travelling', '%j leads nowhere'), (text, problem) => {
    expect(parseGitfile(text)).toEqual({ ok: false, problem });
  });
});

describe('HEAD', () => {
  test.each([
    ['ref: refs/heads/main\n', { kind: 'symbolic', name: 'refs/heads/main' }],
    ['ref:refs/heads/a/b', { kind: 'symbolic', name: 'refs/heads/a/b' }],
    ['ref: \trefs/heads/ü \n\n', { kind: 'symbolic', name: 'refs/heads/ü' }],
    ['ref: refs/heads/a\u00a0\n', { kind: 'symbolic', name: 'refs/heads/a\u00a0' }],
    [`${OID}\n`, { kind: 'detached', oid: OID }],
    [OTHER, { kind: 'detached', oid: OTHER }],
  ])('%j', (text, head) => {
    expect(parseHead(text)).toEqual(head);
  });

  test.each([
    '',
    'root:x:0:0',
    'ref: ',
    'ref: HEAD',
    'ref: ../../../etc/passwd',
    'ref: refs/../../config',
    'ref: refs/heads/a b',
    'ref: refs/heads/a\nref: refs/heads/b',
    'ref: refs/heads/--output=x:y',
    'ref: heads/main',
    'ref: refs/heads/caf\ufffd',
    `ref: refs/heads/${'a'.repeat(5000)}`,
    `${OID}\n${OID}`,
    OID.slice(1),
    OID.toUpperCase(),
  ])(verifies('C6.travelling', '%j is none'), (text) => {
    expect(parseHead(text)).toEqual({ kind: 'problem' });
  });
});

test(verifies('C6.travelling', 'a list of shallow commits holds names of objects only'), () => {
  expect(parseShallow('')).toEqual([]);
  expect(parseShallow(`${OID}\n${OTHER}\n`)).toEqual([OID, OTHER]);
  expect(parseShallow(OID)).toEqual([OID]);
  for (const text of ['root:x:0:0\n', `${OID} x\n`, `\n${OID}`, `${OID}\n\n`, `${OID}\r\n`, '\n'])
    expect([text, parseShallow(text)]).toEqual([text, undefined]);
});

describe('alternates', () => {
  const repository = emptyRepository();
  afterAll(() => repository.remove());

  test.each([
    ['', []],
    ['# comment\n\n/srv/a\n../b c\n', ['/srv/a', '../b c']],
    ['"/srv/a\\tb\\303\\251\\"\\\\"\n', ['/srv/a\tbé"\\']],
    ['/srv/"a"', ['/srv/"a"']],
    ['"/srv/ü\\n"', ['/srv/ü\n']],
  ])('%j', (text, paths) => {
    expect(parseAlternates(text)).toEqual(paths);
  });

  test.each([
    '"/srv/a',
    '"/srv/a"b',
    '"/srv/a" /srv/b',
    '"/srv/\\q"',
    '"/srv/\\400"',
    '"/srv/\\377"',
    '""',
    '/srv/\0',
    '/srv/caf\ufffd',
  ])(verifies('C6.travelling', '%j could mean something else to git'), (text) => {
    expect(parseAlternates(text)).toBe(undefined);
  });

  test('git reads the same directories', () => {
    const names = ['plain', 'a b', 'tab\there', 'ü', 'quote"d', '#hash', 'back\\slash', '"first'];
    for (const name of names) repository.write(`${name}/objects/pack/x`, '');
    for (const name of names) {
      const path = `${repository.path}/${name}/objects`;
      for (const line of [path, quoted(path)]) {
        if (/["\n]/.test(line[0] ?? '') && line === path) continue;
        repository.write('.git/objects/info/alternates', `# x\n${line}\n`);
        const { out } = runGit(repository.path, ['count-objects', '-v']);
        const [, seen = ''] = /^alternate: (.*)$/m.exec(out) ?? [];
        expect(parseAlternates(`# x\n${line}\n`)).toEqual([path]);
        // git quotes what it prints in the same way.
        expect(seen === quoted(path) || seen === path).toBe(true);
      }
    }
  });
});

describe('packed refs', () => {
  const HEADER = '# pack-refs with: peeled fully-peeled sorted \n';
  const judged = (text: string, size = 7): boolean => {
    const check = createPackedRefsCheck();
    for (let at = 0; at < text.length; at += size) check.feed(text.slice(at, at + size));
    return check.end();
  };

  test.each([
    '',
    HEADER,
    `${HEADER}${OID} refs/heads/main\n`,
    `${OID} refs/tags/v1\n^${OID}\n${OTHER} refs/heads/\xc3\xa9\n`,
  ])('%j is in order, in pieces of any size', (text) => {
    for (const size of [1, 2, 7, 41, 1000]) expect(judged(text, size)).toBe(true);
  });

  test.each([
    'root:x:0:0:root:/root:/bin/sh\n',
    `${OID} refs/heads/main`,
    `${OID} HEAD\n`,
    `${OID} ../x\n`,
    `${OID} refs/../x\n`,
    `${OID} refs/heads/a b\n`,
    `${OID}  refs/heads/a\n`,
    `${OID} refs/heads/a\r\n`,
    `${OID} refs/heads/a\0\n`,
    `^${OID}\n`,
    `${OID} refs/tags/a\n^${OID}\n^${OID}\n`,
    `${OID} refs/heads/a\n${HEADER}`,
    `# secret\n`,
    '\n',
    `${OID} refs/heads/${'a'.repeat(5000)}`,
  ])(verifies('C6.travelling', '%j is not'), (text) => {
    for (const size of [1, 41, 10_000]) expect(judged(text, size)).toBe(false);
  });

  test(
    verifies('C10.repository-bombs', 'a name that no file of git could have is not in order'),
    () => {
      const named = (name: string): string =>
        `${OID} refs/heads/a\n${OID} ${name}\n${OID} refs/heads/b\n`;
      for (const size of [1, 41, 10_000]) {
        expect(judged(named(`refs/heads/${'\x80'.repeat(4000)}`), size)).toBe(true);
        expect(judged(named(`refs/heads/${'\x80'.repeat(5000)}`), size)).toBe(false);
        expect(judged(named(`refs/heads/${'a/'.repeat(2500)}a`), size)).toBe(false);
      }
    },
  );

  test('counts, and tells of refs that replace', () => {
    const check = createPackedRefsCheck();
    expect(check.feed(`${OID} refs/heads/a\n${OID} refs/replace/${OID}\n`)).toBe(true);
    expect(check.end()).toBe(true);
    expect(check.facts).toEqual({ refs: 2, replaces: true });
  });

  test('a line without an end is not kept', () => {
    const check = createPackedRefsCheck();
    let pieces = 0;
    while (pieces < 1000 && check.feed('a'.repeat(1024))) pieces += 1;
    expect(pieces).toBeLessThan(10);
  });

  test('git writes nothing else', () => {
    const repository = emptyRepository();
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    runGit(repository.path, [...who, 'commit', '-q', '--allow-empty', '-m', 'x']);
    for (const name of ['a/b', 'ü', 'x@y', '-dash', 'a{b}'])
      runGit(repository.path, ['update-ref', `refs/heads/${name}`, 'HEAD']);
    runGit(repository.path, [...who, 'tag', '-a', 'v1', '-m', 'x']);
    runGit(repository.path, ['pack-refs', '--all']);
    const packed = process
      .getBuiltinModule('node:fs')
      .readFileSync(`${repository.path}/.git/packed-refs`, 'latin1');
    repository.remove();
    expect(packed).toContain('refs/heads/-dash');
    expect(judged(packed)).toBe(true);
  });
});

/** As git quotes a name: everything but plain ASCII by its bytes. */
function quoted(text: string): string {
  const bytes = Buffer.from(text).toString('latin1');
  const escaped = bytes
    .replace(/["\\]/g, '\\$&')
    .replace(/\t/g, '\\t')
    .replace(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8)}`);
  return `"${escaped}"`;
}
