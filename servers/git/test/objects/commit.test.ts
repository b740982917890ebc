import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { log } from '../../src/adapter/commands/log.ts';
import type { LogQuery } from '../../src/adapter/repository.ts';
import type { Commit } from '../../src/adapter/results.ts';
import { readCommit } from '../../src/adapter/objects/commit.ts';
import { readTag } from '../../src/adapter/objects/tag.ts';
import type { Oid } from '../../src/guard/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { plainGit } from '../process/profile.ts';
import { oidOf, openByHand, type Opened } from './opened.ts';
import { commitBytes, writeObject } from './raw.ts';

const temp = makeTemp();
const repository = `${temp.path}/repo`;
let tree: Oid;
let opened: Opened;

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  tree = writeObject(repository, 'tree', '');
  const first = writeObject(repository, 'commit', commitBytes({ tree }));
  plainGit(repository, ['update-ref', 'refs/heads/main', first]);
  opened = openByHand(temp, { gitDir: `${repository}/.git` });
});

afterAll(async () => {
  await opened.close();
  temp.remove();
});

const FORMAT = ['%H', '%T', '%P', '%an', '%ae', '%at', '%cn', '%ce', '%ct', '%s', '%b'].join(
  '%x00',
);

/** What plain git says of a commit, field by field. */
function plainFields(repo: string, oid: string): string[] {
  const args = ['log', '-1', '--no-mailmap', `--format=${FORMAT}`, oid];
  const fields = plainGit(repo, args).toString().split('\0');
  return fields.map((field, index) => (index < 10 ? field : field.replace(/\n+$/, '')));
}

function ourFields(commit: Commit): string[] {
  const { oid, tree: top, parents, author, committer, subject, body } = commit;
  const persons = [author, committer].flatMap(({ name, email, seconds }) => {
    return [name, email, String(seconds)];
  });
  return [oid, top, parents.join(' '), ...persons, subject, body];
}

const BASE = { author: 'A <a@b> 1700000000 +0000' };

test.each([
  {
    name: 'spaces and empty lines before the subject',
    message: '\n  \n\t\nsubject  \n\nbody\n\n\n',
  },
  { name: 'a subject of several lines', message: 'one \ntwo\t\n three\n\n\n\nbody\n\n more \n' },
  { name: 'no message', message: '' },
  { name: 'no newline at the end', message: 'subject\n\nbody' },
  { name: 'carriage returns', message: 'subject\r\n\r\nbody\r\nmore\r\n' },
  { name: 'a NUL, which ends it', message: 'subject\n\nbo\0dy\n' },
  {
    name: 'a space that only Unicode knows',
    message: 'subject\u00c2\u00a0\n\u00c2\u00a0\n\nbody\n',
  },
  { name: 'no name', author: '<a@b> 1700000000 +0000' },
  { name: 'spaces around the name', author: ' A  B  <a@b> 1700000000 +0000' },
  { name: 'a second address', author: 'A <a@b> <c@d> 1700000000 +0000' },
  { name: 'a bracket within the address', author: 'A <a<b@c> 1700000000 +0000' },
  { name: 'a second author', more: 'author B <b@c> 5 +0000\n' },
  {
    name: 'headers within a signature',
    more: 'gpgsig -----BEGIN PGP SIGNATURE-----\n author B <b@c> 5 +0000\n \n -----END\n',
  },
  {
    name: 'a merged tag',
    more: `mergetag object ${'1'.repeat(40)}\n type commit\n tag x\n \n y\n`,
  },
  {
    name: 'Latin-1',
    author: 'Zo\xeb <a@b> 1 +0000',
    more: 'encoding ISO-8859-1\n',
    message: 'caf\xe9\n',
  },
  { name: 'Cyrillic', more: 'encoding KOI8-R\n', message: '\xc1\xc2\xd7\n\n\xc7\n' },
])('a commit is read as git reads it: $name', async (parts) => {
  const oid = writeObject(repository, 'commit', commitBytes({ tree, ...BASE, ...parts }));
  const [commit] = await opened.handle().objects.commits([oid]);
  expect(commit && ourFields(commit)).toEqual(plainFields(repository, oid));
});

test('all commits of a real history are read as git reads them', async () => {
  const history = openByHand(temp, { gitDir: oursOrSkip() });
  try {
    const ids = plainGit(oursOrSkip(), ['rev-list', '--max-count=60', 'HEAD']).toString();
    const oids = ids.trim().split('\n').map(oidOf);
    const commits = await history.handle().objects.commits(oids);
    for (const commit of commits) {
      expect(ourFields(commit)).toEqual(plainFields(oursOrSkip(), commit.oid));
    }
    expect(commits.length).toBeGreaterThan(0);
  } finally {
    await history.close();
  }
});

/** This repository's own history; a package without one has that of the tests above. */
function oursOrSkip(): string {
  try {
    const path = plainGit(import.meta.dirname, ['rev-parse', '--absolute-git-dir', 'HEAD']);
    return path.toString().split('\n')[0] ?? '';
  } catch {
    return `${repository}/.git`;
  }
}

test.each([
  { zone: '+0130', at: '2023-11-14T23:43:20+01:30' },
  { zone: '-0800', at: '2023-11-14T14:13:20-08:00' },
  // No clock shows these.
  { zone: '+9999', at: '2023-11-14T22:13:20+00:00' },
  { zone: '+051800', at: '2023-11-14T22:13:20+00:00' },
])(
  'a time stands in its own offset, and in UTC for an offset that is none: $zone',
  ({ zone, at }) => {
    const bytes = commitBytes({ tree, author: `A <a@b> 1700000000 ${zone}` });
    const { commit } = readCommit(oidOf('1'.repeat(40)), Buffer.from(bytes));
    expect(commit.author).toEqual({ name: 'A', email: 'a@b', at, seconds: 1_700_000_000 });
  },
);

test.each([
  { name: 'no time', author: 'A <a@b>' },
  { name: 'a time after all calendars', author: 'A <a@b> 99999999999999999999 +0000' },
  { name: 'nobody', author: 'nothing' },
])('nonsense is no time: $name', ({ author }) => {
  const bytes = Buffer.from(commitBytes({ tree, author }));
  expect(readCommit(oidOf('1'.repeat(40)), bytes).commit.author.at).toBeUndefined();
});

test.each([
  { name: 'no tree', bytes: 'author A <a@b> 1 +0000\n\nx' },
  { name: 'a tree that is no name', bytes: 'tree 123\n\nx' },
  {
    name: 'a parent of the other kind of names',
    bytes: `tree ${'1'.repeat(40)}\nparent ${'2'.repeat(64)}\n\n`,
  },
  { name: 'nothing at all', bytes: '' },
])('what is no commit is refused: $name', ({ bytes }) => {
  expect(() => readCommit(oidOf('1'.repeat(40)), Buffer.from(bytes))).toThrow(
    expect.objectContaining({ code: 'repository.broken' }),
  );
});

test.each(['utf-16', 'UTF-16LE', 'nonsense', 'x'.repeat(100_000), 'iso-2022-kr', '../../gconv/x'])(
  'an encoding that is none of ours is read as UTF-8: %.20s',
  (encoding) => {
    const bytes = commitBytes({ tree, more: `encoding ${encoding}\n`, message: 'caf\xc3\xa9\n' });
    const { commit } = readCommit(oidOf('1'.repeat(40)), Buffer.from(bytes, 'latin1'));
    expect(commit.subject).toBe('café');
    expect(commit.author.name).toBe('A');
  },
);

test('a signature is seen, and nothing that stands within it', () => {
  const more = `gpgsig -----BEGIN SSH SIGNATURE-----\n parent ${'2'.repeat(40)}\n encoding utf-7\n -----END\n`;
  const bytes = Buffer.from(commitBytes({ tree, more }));
  const { commit } = readCommit(oidOf('1'.repeat(40)), bytes);
  expect(commit).toMatchObject({ signed: true, parents: [] });
  const plain = Buffer.from(commitBytes({ tree, message: 'gpgsig\n\ngpgsig x\n' }));
  expect(readCommit(oidOf('1'.repeat(40)), plain).commit.signed).toBe(false);
});

test('an annotated tag says what it tags, and its signature is no part of its message', () => {
  const head = `object ${tree}\ntype tree\ntag v1\ntagger T <t@u> 1700000000 +0000\n\n`;
  const signature = '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n';
  const oid = oidOf('1'.repeat(40));
  const signed = readTag(oid, Buffer.from(`${head}\nfirst\n\nsecond\n\n${signature}`));
  expect(signed).toMatchObject({ target: tree, kind: 'tree', name: 'v1', signed: true });
  expect(signed.message).toBe('first\n\nsecond');
  expect(signed.tagger).toMatchObject({ name: 'T', at: '2023-11-14T22:13:20+00:00' });
  expect(readTag(oid, Buffer.from(`${head}plain\n`)).signed).toBe(false);
  expect(() => readTag(oid, Buffer.from('type tree\n\n'))).toThrow(
    expect.objectContaining({ code: 'repository.broken' }),
  );
});

const EVERYTHING: Omit<LogQuery, 'from'> = {
  exclude: [],
  path: undefined,
  follow: false,
  author: undefined,
  message: undefined,
  changedText: undefined,
  since: undefined,
  until: undefined,
  firstParent: false,
  noMerges: false,
  files: false,
  skip: 0,
  limit: 50,
};

/** Just below what is read at all. */
const NEARLY_ALL = LIMITS.messageBytesMax - 1000;

test.each([
  { name: 'the subject', message: 's'.repeat(NEARLY_ALL) },
  { name: 'the subject, of letters of four bytes', message: '\xf0\x9f\x98\x80'.repeat(250_000) },
  { name: 'the body', message: `subject\n\n${'b'.repeat(NEARLY_ALL)}` },
  { name: 'a name', author: `${'A'.repeat(NEARLY_ALL)} <a@b> 1700000000 +0000` },
  {
    name: 'an address',
    author: `A <${'a'.repeat(NEARLY_ALL)}> 1700000000 +0000`,
    committer: BASE.author,
  },
])(verifies('C10.repository-bombs', 'of a commit is kept what can be shown: $name'), (parts) => {
  const bytes = commitBytes({ tree, ...BASE, ...parts });
  const { commit } = readCommit(oidOf('1'.repeat(40)), Buffer.from(bytes, 'latin1'));
  expect(JSON.stringify(commit).length).toBeLessThan(LIMITS.messageKeptBytesMax + 4000);
  expect(commit.isCut).toBe((parts.message ?? '').length > LIMITS.messageKeptBytesMax);
  expect(JSON.stringify(commit)).toContain(commit.isCut && commit.body !== '' ? 'bbb' : '…');
});

test(verifies('E6.redacted', 'what is kept of a message ends before a secret, not in it'), () => {
  const token = `ghp_${'aB3'.repeat(12)}`;
  const head = 'subject\n\n';
  const letters =
    'd'.repeat((LIMITS.messageKeptBytesMax - head.length) % 3) + '\u4e2d'.repeat(21_842);
  for (let moved = 0; moved < token.length + 10; moved += 1) {
    const before = Buffer.from(head + letters).subarray(0, LIMITS.messageKeptBytesMax - moved);
    const message = `${before.toString('latin1')}\n${token}\n${'e'.repeat(50_000)}`;
    const commit = Buffer.from(commitBytes({ tree, ...BASE, message }), 'latin1');
    const tag = Buffer.from(`object ${tree}\ntype tree\ntag v\n\n${message}`, 'latin1');
    const kept =
      readCommit(oidOf('1'.repeat(40)), commit).commit.body +
      readTag(oidOf('1'.repeat(40)), tag).message;
    expect([moved, kept.replaceAll(token, '').includes(token.slice(0, 5))]).toEqual([moved, false]);
  }
});

test(
  verifies(
    'C10.repository-bombs',
    'a commit of more headers or parents than anybody needs is none',
  ),
  () => {
    const read = (parts: object) => () =>
      readCommit(oidOf('1'.repeat(40)), Buffer.from(commitBytes({ tree, ...BASE, ...parts })));
    const parents = (count: number) => Array.from({ length: count }, () => '2'.repeat(40));
    const tooLarge = expect.objectContaining({ code: 'object.too_large' });
    expect(read({ more: 'a\n'.repeat(500_000) })).toThrow(tooLarge);
    expect(read({ parents: parents(LIMITS.parentsMax + 1) })).toThrow(tooLarge);
    expect(read({ parents: parents(LIMITS.parentsMax) })().commit.parents).toHaveLength(1000);
    // A signature is one header, however many lines it has.
    expect(read({ more: `gpgsig x\n${' y\n'.repeat(20_000)}` })().commit.signed).toBe(true);
  },
);

test(
  verifies(
    'C10.repository-bombs',
    'of a tag is kept what can be shown, and its signature is found',
  ),
  () => {
    const head = `object ${tree}\ntype tree\ntag ${'v'.repeat(5000)}\n\n`;
    const begins = '-----BEGIN SSH SIGNATURE-----\n';
    const bytes = Buffer.from(`${head}${'m\n'.repeat(100_000)}${begins}`);
    const tag = readTag(oidOf('1'.repeat(40)), bytes);
    expect(tag).toMatchObject({ signed: true, isCut: true });
    expect(JSON.stringify(tag).length).toBeLessThan(2 * LIMITS.messageKeptBytesMax);
    expect(tag.name.length).toBeLessThan(1000);
  },
);

test(
  verifies('C10.repository-bombs', 'a commit that cannot be read does not take a list with it'),
  async () => {
    const large = commitBytes({ tree, message: 'x'.repeat(2_000_000) });
    const first = writeObject(repository, 'commit', commitBytes({ tree, message: 'first\n' }));
    const second = writeObject(
      repository,
      'commit',
      large.replace('author', `parent ${first}\nauthor`),
    );
    const third = writeObject(repository, 'commit', commitBytes({ tree, parents: [second] }));
    const handle = opened.handle();
    const page = await log(handle, { ...EVERYTHING, from: third });
    const said = page.commits.map(({ oid, subject, unreadable }) => [oid, subject, unreadable]);
    expect(said).toEqual([
      [third, 'subject', undefined],
      [second, '', 'too large'],
      [first, 'first', undefined],
    ]);
    const broken = writeObject(repository, 'commit', 'tree none\n\nx');
    const found = await opened.handle().objects.commits([broken, first]);
    expect(found.map(({ unreadable }) => unreadable)).toEqual(['broken', undefined]);
    await expect(opened.handle().objects.commit(broken)).rejects.toMatchObject({
      code: 'repository.broken',
    });
  },
);
