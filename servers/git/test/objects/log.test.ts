import { copyFileSync } from 'node:fs';

import { makeTemp } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { log } from '../../src/adapter/commands/log.ts';
import { walk } from '../../src/adapter/commands/walk.ts';
import type { LogQuery } from '../../src/adapter/repository.ts';
import { needle, type Oid, parseTreePath } from '../../src/guard/index.ts';
import { plainGit } from '../process/profile.ts';
import { buildCrossedHistory } from './crossed-history.ts';
import { oidOf, openByHand, type Opened } from './opened.ts';
import { commitBytes, writeObject } from './raw.ts';

const temp = makeTemp();
let repository: string;
let tip: Oid;
let opened: Opened;

beforeAll(() => {
  repository = `${temp.path}/repo`;
  tip = buildCrossedHistory(temp, repository);
  opened = openByHand(temp, { gitDir: `${repository}/.git`, workTree: repository });
});

afterAll(async () => {
  await opened.close();
  temp.remove();
});

const PLAIN: Omit<LogQuery, 'from'> = {
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
  limit: 200,
};

function idsOf(args: readonly string[], path: readonly string[] = []): string[] {
  const printed = plainGit(repository, ['log', '--format=%H', ...args, tip, '--', ...path]);
  return printed.toString().split('\n').filter(Boolean);
}

test.each([
  { name: 'everything', query: {}, args: [] },
  { name: 'a page', query: { skip: 13, limit: 20 }, args: ['--skip=13', '-n20'] },
  { name: 'first parents', query: { firstParent: true }, args: ['--first-parent'] },
  { name: 'no merges', query: { noMerges: true, limit: 30 }, args: ['--no-merges', '-n30'] },
  {
    name: 'first parents without merges, from the third one on',
    query: { firstParent: true, noMerges: true, skip: 3, limit: 9 },
    args: ['--first-parent', '--no-merges', '--skip=3', '-n9'],
  },
])('a plain walk finds the commits of git log in its order: $name', async ({ query, args }) => {
  const ids = idsOf(args);
  const page = await log(opened.handle(), { ...PLAIN, ...query, from: tip });
  expect(ids.length).toBeGreaterThan(5);
  expect(page.commits.map(({ oid }) => oid)).toEqual(ids);
  const all = idsOf(args.filter((arg) => !/^-n|^--skip/.test(arg))).length;
  expect(page.more).toBe(all > (query.skip ?? 0) + ids.length);
  // It was no command that found them.
  const walked = await walk(opened.handle().objects, { ...PLAIN, ...query, from: tip });
  expect(walked?.slice(0, query.limit ?? PLAIN.limit)).toEqual(page.commits);
});

test.each([
  { name: 'a path', query: { path: parseTreePath('dir/1.txt') }, args: [], path: ['dir/1.txt'] },
  {
    name: 'a path through its renaming',
    query: { path: parseTreePath('moved.txt'), follow: true },
    args: ['--follow'],
    path: ['moved.txt'],
  },
  { name: 'an author', query: { author: needle.parse('Zoë') }, args: ['--author=Zoë'] },
  {
    name: 'a message, whose dot is a dot',
    query: { message: needle.parse('a.b') },
    args: ['--grep=a.b', '-F'],
  },
  {
    name: 'a text that is added or taken away',
    query: { changedText: needle.parse('11') },
    args: ['-S11'],
  },
  {
    name: 'a time',
    query: { since: 1_700_000_100, until: 1_700_000_400 },
    args: ['--max-age=1700000100', '--min-age=1700000400'],
  },
])('a search finds the commits of git log in its order: $name', async (row) => {
  const { query, args, path = [] } = row;
  const ids = idsOf(args, path);
  const page = await log(opened.handle(), { ...PLAIN, ...query, from: tip });
  expect(ids.length).toBeGreaterThan(0);
  expect(page.commits.map(({ oid }) => oid)).toEqual(ids);
  const first = await log(opened.handle(), { ...PLAIN, ...query, from: tip, limit: 1 });
  expect(first.commits.map(({ oid }) => oid)).toEqual(ids.slice(0, 1));
  expect(first.more).toBe(ids.length > 1);
});

test('what another commit reaches is left out', async () => {
  const exclude = oidOf(plainGit(repository, ['rev-parse', `${tip}~3`]).toString());
  const page = await log(opened.handle(), { ...PLAIN, from: tip, exclude: [exclude] });
  expect(page.commits.map(({ oid }) => oid)).toEqual(idsOf([`^${exclude}`]));
});

test('a date that versions of git read differently leaves the order to git', async () => {
  const tree = plainGit(repository, ['rev-parse', `${tip}^{tree}`])
    .toString()
    .trim();
  const odd = [
    'A <a@b> 99999999999999999999 +0000',
    'A <a@b> -5 +0000',
    'A <a@b>> 1700000000 +0000',
    'A <a@b>',
    'A a@b 1700000000 +0000',
    'A <a@b> 1700000000',
  ];
  let parents = [tip, oidOf(plainGit(repository, ['rev-parse', `${tip}~5`]).toString())];
  for (const who of odd) {
    const made = writeObject(repository, 'commit', commitBytes({ tree, parents, author: who }));
    parents = [made, ...parents.slice(0, 1)];
    const page = await log(opened.handle(), { ...PLAIN, from: made, limit: 60 });
    const ids = plainGit(repository, ['log', '--format=%H', '-n60', made]).toString().trim();
    expect(page.commits.map(({ oid }) => oid)).toEqual(ids.split('\n'));
  }
});

test('files stand against the first parent, with their lines, for the commits of a page', async () => {
  const page = await log(opened.handle(), { ...PLAIN, from: tip, files: true, limit: 60 });
  expect(page.files.size).toBe(60);
  let seen = 0;
  for (const { oid } of page.commits) {
    const args = ['show', '--format=', '--numstat', '-m', '--first-parent', '-M', oid];
    const lines = plainGit(repository, args).toString().split('\n').filter(Boolean);
    const files = page.files.get(oid) ?? [];
    seen += files.length;
    const shown = files.map(({ added, removed, from, path }) => {
      return `${added}\t${removed}\t${from === undefined ? path : `${from} => ${path}`}`;
    });
    expect(shown).toEqual(lines);
  }
  expect(seen).toBeGreaterThan(3);
});

test('a shallow clone ends where it ends', async () => {
  const clone = `${temp.path}/shallow`;
  plainGit(temp.path, ['clone', '-q', '--depth=3', `file://${repository}`, clone]);
  const shallow = openByHand(temp, { gitDir: `${clone}/.git` });
  try {
    copyFileSync(`${clone}/.git/shallow`, `${shallow.profile.gitDir}/shallow`);
    const ids = plainGit(clone, ['log', '--format=%H %P']).toString().trim().split('\n');
    const page = await log(shallow.handle(), { ...PLAIN, from: tip });
    const found = page.commits.map(({ oid, parents }) => `${oid} ${parents.join(' ')}`);
    expect(ids.length).toBeGreaterThan(2);
    expect(found.map((line) => line.trim())).toEqual(ids.map((line) => line.trim()));
    expect(page.more).toBe(false);
  } finally {
    await shallow.close();
  }
});

test('a history whose parents are missing is refused', async () => {
  const tree = plainGit(repository, ['rev-parse', `${tip}^{tree}`])
    .toString()
    .trim();
  const parents = ['1'.repeat(40)];
  const made = writeObject(repository, 'commit', commitBytes({ tree, parents }));
  await expect(log(opened.handle(), { ...PLAIN, from: made })).rejects.toMatchObject({
    code: 'object.missing',
  });
});
