import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { textFromByteString } from '@secure-mcp/validation';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { namesLike } from '../../src/adapter/commands/names.ts';
import { refs } from '../../src/adapter/commands/refs.ts';
import type { RefsQuery } from '../../src/adapter/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { makeRepository, type TestRepository } from './repository.ts';

const QUERY: RefsQuery = {
  kinds: ['branch', 'remote', 'tag', 'other'],
  contains: undefined,
  mergedInto: undefined,
  name: undefined,
  sort: 'name',
  skip: 0,
  limit: 200,
};

const CONFIG = `[remote "origin"]
fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
remote = origin
merge = refs/heads/main
[branch "lost"]
remote = origin
merge = refs/heads/lost
`;

let repository: TestRepository;
beforeAll(() => {
  repository = makeRepository();
  const { git, run, write } = repository;
  write(
    '.git/config',
    `[core]\nrepositoryFormatVersion = 0\nbare = false\n[gc]\nauto = 0\n${CONFIG}`,
  );
  git('commit', '--allow-empty', '-qm', 'first\nline\n\nbody');
  git('branch', 'old');
  git('tag', 'light');
  git('tag', '-a', 'heavy', '-m', 'Tag subject\n\nTag body');
  git('tag', '-a', 'nested', '-m', 'Nested', 'heavy');
  git('commit', '--allow-empty', '-qm', 'second');
  git('branch', 'lost');
  git('branch', 'topic/-x');
  git('update-ref', 'refs/heads/--output=x', 'HEAD');
  git(
    'update-ref',
    'refs/remotes/origin/main',
    git('commit-tree', 'HEAD^{tree}', '-p', 'old', '-m', 'theirs').trim(),
  );
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
  git('update-ref', 'refs/notes/commits', 'HEAD');
  const blob = run(['hash-object', '-w', '--stdin'], 'content').out.trim();
  git('update-ref', 'refs/tags/of-a-blob', blob);
  git('pack-refs', '--all', '--no-prune');
  // A name in other bytes than UTF-8, which only the packed form can hold here.
  const packed = join(repository.path, '.git/packed-refs');
  const lines = git('for-each-ref', '--format=%(objectname) %(refname)')
    .split('\n')
    .filter(Boolean);
  const sorted = [...lines, `${git('rev-parse', 'HEAD').trim()} refs/heads/caf\xe9`].toSorted(
    (a, b) => ((a.split(' ')[1] ?? '') < (b.split(' ')[1] ?? '') ? -1 : 1),
  );
  writeFileSync(packed, Buffer.from(`# pack-refs with: sorted \n${sorted.join('\n')}\n`, 'latin1'));
});
afterAll(() => repository.remove());

function textOf(field = ''): string | undefined {
  return field === '' ? undefined : field;
}

function upstreamOf([upstream = '', track = '']: readonly string[]): object {
  const gone = track === '[gone]';
  const count = (what: RegExp): number | undefined =>
    upstream === '' || gone ? undefined : Number(what.exec(track)?.[1] ?? 0);
  return {
    upstream: textOf(upstream),
    ahead: count(/ahead (\d+)/),
    behind: count(/behind (\d+)/),
    gone,
  };
}

describe('equals plain git', () => {
  function plain(...args: string[]): unknown[] {
    const fields = [
      'refname',
      'objectname',
      'objecttype',
      'symref',
      'HEAD',
      'creatordate:iso-strict',
      'subject',
      'upstream',
      'upstream:track',
    ];
    const format = fields.map((field) => `%(${field})`).join('%00');
    const lines = repository.git('for-each-ref', `--format=${format}`, ...args).split('\n');
    return lines.slice(0, -1).map((line) => {
      const [name = '', oid, objectKind, symbolic, head, at = '', subject, ...upstream] =
        line.split('\0');
      return {
        name: textFromByteString(name),
        oid,
        objectKind,
        // Gits before 2.45 follow only the first of two tags in `%(*objectname)`.
        peeled: objectKind === 'tag' ? repository.oid(`${String(oid)}^{}`) : undefined,
        symbolic: textOf(symbolic),
        current: head === '*',
        subject: objectKind === 'blob' ? '' : subject,
        at: at === '' ? undefined : Date.parse(at),
        ...upstreamOf(upstream),
      };
    });
  }

  test.each([
    ['all', {}, []],
    ['branches', { kinds: ['branch'] }, ['refs/heads']],
    ['tags and remotes', { kinds: ['tag', 'remote'] }, ['refs/tags', 'refs/remotes']],
    ['newest first', { sort: 'newest' }, ['--sort=-creatordate']],
    ['containing', { contains: 'HEAD' }, ['--contains=HEAD']],
    ['merged', { mergedInto: 'old' }, ['--merged=old']],
  ] as const)('%s', async (_, { ...how }, args) => {
    const oidFor = (name: string | undefined) =>
      name === undefined ? undefined : repository.oid(name);
    const asked: Partial<RefsQuery> & { contains?: unknown; mergedInto?: unknown } = {
      ...how,
      contains: 'contains' in how ? oidFor(how.contains) : undefined,
      mergedInto: 'mergedInto' in how ? oidFor(how.mergedInto) : undefined,
    };
    const found = await refs(await repository.handle(), { ...QUERY, ...asked });
    const expected = plain(...args);
    expect(
      found.refs.map(({ kind: _kind, at, ...ref }) => ({
        ...ref,
        at: at === undefined ? undefined : Date.parse(at),
      })),
    ).toEqual(expected);
    expect([found.total, found.more]).toEqual([expected.length, false]);
    expect(expected.length).toBeGreaterThan(2);
  });
});

test('tags are followed only to what is a tag, and only so far', async () => {
  const tag = (target: string, kind: string, more = ''): string => {
    const text = `object ${target}\ntype ${kind}\ntag t\ntagger T <t@example.org> 1 +0000\n\nT${more}\n`;
    const made = repository.run(['hash-object', '-t', 'tag', '-w', '--literally', '--stdin'], text);
    return made.out.trim();
  };
  const commit = repository.oid('HEAD');
  const links = [tag(commit, 'commit')];
  for (let link = 1; link < 12; link += 1) links.unshift(tag(links[0] ?? '', 'tag', String(link)));
  const large = tag(commit, 'commit', 'x'.repeat(LIMITS.messageBytesMax));
  const ends = {
    chain: [links[0], links[9]],
    lie: [tag(commit, 'tag'), commit],
    missing: [tag('0'.repeat(39).concat('1'), 'tag'), '0'.repeat(39).concat('1')],
    large: [tag(large, 'tag'), large],
  };
  for (const [name, [oid = '']] of Object.entries(ends))
    repository.git('update-ref', `refs/chains/${name}`, oid);
  const { refs: found } = await refs(await repository.handle(), { ...QUERY, kinds: ['other'] });
  const peeled = found.map(({ name, peeled: end }) => [name.replace('refs/chains/', ''), end]);
  for (const [name, [, end]] of Object.entries(ends)) expect(peeled).toContainEqual([name, end]);
  for (const name of Object.keys(ends)) repository.git('update-ref', '-d', `refs/chains/${name}`);
});

test('kinds, and names in other bytes', async () => {
  const { refs: found } = await refs(await repository.handle(), QUERY);
  const kinds = new Map(found.map(({ name, kind }) => [name, kind]));
  expect(kinds.get('refs/heads/caf\\x{E9}')).toBe('branch');
  expect(kinds.get('refs/notes/commits')).toBe('other');
  expect(kinds.get('refs/remotes/origin/HEAD')).toBe('remote');
  const others = await refs(await repository.handle(), { ...QUERY, kinds: ['other'] });
  expect(others.refs.map(({ name }) => name)).toEqual(['refs/notes/commits']);
});

test('a part of a name, and pages', async () => {
  const named = await refs(await repository.handle(), { ...QUERY, name: 'MAIN' });
  expect(named.refs.map(({ name }) => name)).toEqual([
    'refs/heads/main',
    'refs/remotes/origin/main',
  ]);
  const all = await refs(await repository.handle(), QUERY);
  const names: string[] = [];
  for (let skip = 0; skip < all.total; skip += 4) {
    const page = await refs(await repository.handle(), { ...QUERY, skip, limit: 4 });
    expect([page.total, page.more]).toEqual([all.total, skip + 4 < all.total]);
    names.push(...page.refs.map(({ name }) => name));
  }
  expect(names).toEqual(all.refs.map(({ name }) => name));
});

describe('a list is remembered', { timeout: 60_000 }, () => {
  let own: TestRepository;
  beforeEach(() => {
    own = makeRepository();
    own.git('commit', '--allow-empty', '-qm', 'one');
    own.git('commit', '--allow-empty', '-qm', 'two');
    own.git('branch', 'side');
    own.git('branch', 'deep/er/branch');
    own.git('branch', '--set-upstream-to=main', 'side');
  });
  afterEach(() => own.remove());

  /** What is listed, and how often git was started for it. */
  async function listed() {
    const handle = await own.handle();
    const found = await refs(handle, QUERY);
    const lines = found.refs.map(({ name, oid, current, upstream, ahead = 0, behind = 0 }) =>
      [name, oid, current ? '*' : ' ', upstream ?? '', ahead, behind].join(' '),
    );
    return { lines, runs: handle.ran.length };
  }

  const plainLines = (): string[] => {
    const form = '%(refname) %(objectname) %(HEAD) %(upstream) %(upstream:track)';
    const lines = own.git('for-each-ref', `--format=${form}`).split('\n').slice(0, -1);
    return lines.map((line) => {
      const count = (word: string): string => new RegExp(`${word} (\\d+)`).exec(line)?.[1] ?? '0';
      return `${line.replace(/ (?:\[.*\])?$/, '')} ${count('ahead')} ${count('behind')}`;
    });
  };

  /** Until what changed is older than what may still be changing. */
  async function settle(): Promise<void> {
    await vi.waitFor(async () => expect((await listed()).runs).toBe(0), 30_000);
  }

  const file = (name: string): string => join(own.path, '.git', name);

  /** Bytes and times of a file as they were before. */
  function exchange(name: string, content: string): void {
    const { atime, mtime } = statSync(file(name));
    writeFileSync(file(name), content);
    utimesSync(file(name), atime, mtime);
  }

  const changes: readonly (readonly [string, () => void])[] = [
    ['a ref is moved', () => own.git('branch', '--force', 'side', 'HEAD~1')],
    ['a ref is made', () => own.git('branch', 'new')],
    ['a ref is made where others are deep', () => own.git('branch', 'deep/er/new')],
    ['a ref is removed', () => own.git('branch', '--delete', '--force', 'side')],
    ['refs are packed', () => own.git('pack-refs', '--all')],
    ['another branch is checked out', () => own.git('symbolic-ref', 'HEAD', 'refs/heads/side')],
    [
      'a branch gets an upstream',
      () => own.git('branch', '--set-upstream-to=main', 'deep/er/branch'),
    ],
    [
      'a file is written in its place',
      () => writeFileSync(file('refs/heads/side'), `${own.oid('HEAD~1')}\n`),
    ],
    [
      'a file is written in its place and gets its time back',
      () => exchange('refs/heads/side', `${own.oid('HEAD~1')}\n`),
    ],
    [
      'packed refs are written in their place',
      () => writeFileSync(file('packed-refs'), `${own.oid('HEAD~1')} refs/heads/packed\n`),
    ],
  ];

  test.each(changes)('until %s', async (_, change) => {
    await settle();
    change();
    const { lines, runs } = await listed();
    expect(lines).toEqual(plainLines());
    expect(runs).toBeGreaterThan(0);
    await settle();
    expect((await listed()).lines).toEqual(plainLines());
  });

  test.each(['refs/heads/side', 'refs/heads', 'HEAD'])(
    'never while %s has a time that tells nothing of what comes after',
    async (name) => {
      await settle();
      const ahead = new Date(Date.now() + 3_600_000);
      utimesSync(file(name), ahead, ahead);
      await listed();
      const { lines, runs } = await listed();
      expect([runs, lines]).toEqual([2, plainLines()]);
    },
  );

  test('not where there are more refs in files than git can read as soon', async () => {
    const oid = own.oid('HEAD');
    for (let at = 0; at < 300; at += 1) own.write(`.git/refs/heads/n${String(at)}`, `${oid}\n`);
    await sleep(500);
    await listed();
    expect((await listed()).runs).toBe(1);
    expect((await refs(await own.handle(), QUERY)).total).toBe(303);
  });
});

test('a ref to an object that is missing is listed', async () => {
  const broken = makeRepository();
  broken.git('commit', '--allow-empty', '-qm', 'one');
  broken.write('.git/refs/heads/broken', `${'1'.repeat(40)}\n`);
  const found = await refs(await broken.handle(), QUERY);
  expect(found.refs).toMatchObject([
    { name: 'refs/heads/broken', objectKind: undefined, subject: '' },
    { name: 'refs/heads/main', objectKind: 'commit' },
  ]);
  await broken.remove();
});

test(
  verifies('C10.repository-bombs', '50,000 refs are counted, and a page is described'),
  { timeout: 120_000 },
  async () => {
    const many = makeRepository();
    many.git('commit', '--allow-empty', '-qm', 'one');
    const oid = many.oid('HEAD');
    const lines = Array.from(
      { length: 50_000 },
      (_, at) => `${oid} refs/heads/b${String(at).padStart(6, '0')}`,
    );
    many.write('.git/packed-refs', `# pack-refs with: sorted \n${lines.join('\n')}\n`);
    const handle = await many.handle();
    const found = await refs(handle, { ...QUERY, skip: 40_000, limit: 50 });
    expect([found.total, found.more, found.refs.length]).toEqual([50_001, true, 50]);
    expect(found.refs[0]?.name).toBe('refs/heads/b040000');
    expect(handle.ran).toHaveLength(1);
    expect(await namesLike(await many.handle(), 'b0123', 5)).toEqual(
      Array.from({ length: 5 }, (_, at) => `b01230${String(at)}`),
    );
    await many.remove();
  },
);

test(
  verifies('C10.hostile-trees', 'names for completion are what a caller can send back'),
  async () => {
    expect(await namesLike(await repository.handle(), '', 100)).toEqual([
      'lost',
      'main',
      'old',
      'topic/-x',
      'heavy',
      'light',
      'nested',
      'of-a-blob',
    ]);
    expect(await namesLike(await repository.handle(), 'l', 100)).toEqual(['lost', 'light']);
    expect(await namesLike(await repository.handle(), 'l', 1)).toEqual(['lost']);
    expect(await namesLike(await repository.handle(), '-', 100)).toEqual([]);
    expect(await namesLike(await repository.handle(), 'l', 0)).toEqual([]);
  },
);

test(
  verifies('C10.repository-bombs', 'a ref to what cannot be read harms only itself'),
  async () => {
    const own = makeRepository();
    own.git('commit', '--allow-empty', '-qm', 'fine');
    const head = own.git('rev-parse', 'HEAD').trim();
    const plant = (kind: string, bytes: string): string =>
      own.run(['hash-object', '-t', kind, '-w', '--stdin', '--literally'], bytes).out.trim();
    const long = `object ${head}\ntype commit\ntag x\n\n${'s'.repeat(1_000_000)}\n`;
    const targets = {
      'tags/no-tag': plant('tag', 'object none\n\n'),
      'heads/no-commit': plant('commit', 'tree none\n\nx'),
      'heads/many-headers': plant('commit', `tree ${head}\n${'a\n'.repeat(400_000)}\nx`),
      'tags/chain': plant('tag', `object ${plant('tag', 'none\n\n')}\ntype tag\ntag x\n\nchain\n`),
    };
    const longs = Array.from({ length: 20 }, (_, at) => [
      `tags/long-${at}`,
      plant('tag', `${long}${at}`),
    ]);
    for (const [name, oid] of [...Object.entries(targets), ...longs]) {
      own.write(`.git/refs/${name ?? ''}`, `${oid ?? ''}\n`);
    }
    const page = await refs(await own.handle(), QUERY);
    const subjects = new Map(page.refs.map(({ name, subject }) => [name, subject]));
    expect(page.total).toBe(25);
    expect(subjects.get('refs/heads/main')).toBe('fine');
    expect(subjects.get('refs/tags/no-tag')).toBe('');
    expect(subjects.get('refs/heads/no-commit')).toBe('');
    expect(subjects.get('refs/heads/many-headers')).toBe('');
    expect(subjects.get('refs/tags/chain')).toBe('chain');
    const read = page.refs.filter(({ name, subject }) => name.includes('long-') && subject !== '');
    expect(read.length).toBeGreaterThan(0);
    expect(read.length).toBeLessThan(10);
    expect(JSON.stringify(page).length).toBeLessThan(30_000);
    await own.remove();
  },
);

test(
  verifies(
    'C10.repository-bombs',
    'a name of megabytes, as a table of refs can hold it, is left out',
  ),
  async () => {
    const handle = await repository.handle();
    const oid = repository.oid('HEAD');
    // Tables are read by newer versions of git only; what they print is the same.
    const printing = (form: (name: string) => string): typeof handle => ({
      ...handle,
      git(command, sink) {
        const names = [
          'a',
          'b'.repeat(4000),
          'c'.repeat(5000),
          `d${'\x80'.repeat(4_000_000)}`,
          'e',
        ];
        for (const name of names) sink(Buffer.from(form(`refs/heads/${name}`), 'latin1'));
        return Promise.resolve({ code: 0, cut: false, complained: command.args.length === 0 });
      },
    });
    const listed = await refs(
      printing((name) => `${oid}\0 \0\0\0${name}\n`),
      // An order for which git is asked each time.
      { ...QUERY, sort: 'newest' },
    );
    expect([listed.total, ...listed.refs.map(({ name }) => name.slice(0, 12))]).toEqual([
      3,
      'refs/heads/a',
      'refs/heads/b',
      'refs/heads/e',
    ]);
    const named = await namesLike(
      printing((name) => `${name}\n`),
      '',
      10,
    );
    expect(named).toEqual(['a', 'e']);
  },
);
