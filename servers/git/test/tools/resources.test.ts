import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { blobUri, commitUri, diffUri, parseOid } from '../../src/guard/index.ts';
import { prompts, resources } from '../../src/tools/index.ts';
import { type Caller, makeCaller } from './caller.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
let caller: Caller;
beforeAll(() => {
  world = makeWorld();
  caller = makeCaller({ app: world.path });
});
afterAll(async () => {
  await caller?.close();
  world?.temp.remove();
});

/** Reads a URI as the runtime does: the first family that answers for it. */
async function read(uri: string): Promise<readonly string[]> {
  const family = resources.find((candidate) => candidate.matches?.(uri) === true);
  const contents = (await family?.read(uri, caller.context)) ?? [];
  return contents.map((content) =>
    'label' in content ? content.label : 'text' in content ? content.text : content.blob,
  );
}

async function complete(
  name: string,
  variable: string,
  value: string,
  known: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const family = resources.find((candidate) => candidate.name === name);
  return (await family?.complete(variable, value, known, caller.context)) ?? [];
}

describe('resources', () => {
  test('a file at a revision, whatever it is called', async () => {
    for (const [revision, path] of [
      ['HEAD', 'README.md'],
      ['side', 'src/app.ts'],
      ['v1.0', '--output=pwned'],
      ['main', 'naïve/café.txt'],
    ] as const) {
      const [text = ''] = await read(blobUri('app', revision, path));
      expect(text.trimEnd()).toBe(world.git('show', `${revision}:${path}`).trimEnd());
    }
  });

  test('a directory is a list of its entries', async () => {
    const [label = ''] = await read(blobUri('app', 'v1.0', 'docs'));
    expect(label).toMatch(/^file +\d+ bytes +old\.md$/);
  });

  test('a commit: what it says, its files, its patch', async () => {
    const oid = parseOid(world.git('rev-parse', 'topic').trim());
    const [text = '', files, patch] = await read(commitUri('app', oid ?? expect.unreachable()));
    expect(text).toContain('Work on a topic');
    expect(files).toMatch(/^added +\+1 -0 +topic\.txt$/);
    expect(patch).toBe(world.git('show', '--format=', '--full-index', 'topic'));
  });

  test('what a head has changed since it parted from the base', async () => {
    const [, patch] = await read(diffUri('app', 'main', 'side'));
    expect(patch).toBe(world.git('diff', '--full-index', 'main...side'));
  });

  test.each([
    ['git://app/blob/HEAD/binary.bin', 'file.binary'],
    ['git://app/blob/HEAD/missing.txt', 'path.unknown'],
    ['git://app/blob/HEAD/..%2fREADME.md', 'path.invalid'],
    ['git://app/blob/HEAD/%2e%2e/README.md', 'path.invalid'],
    ['git://app/blob/--output=x/README.md', 'revision.invalid'],
    ['git://other/blob/HEAD/README.md', 'repository.unknown'],
    ['git://app/commit/HEAD', 'repository.unknown'],
    [`git://app/commit/${'0'.repeat(40)}`, 'object.missing'],
    ['git://app/diff/main...nowhere', 'revision.unknown'],
  ])(verifies('C3.uris', '%s is refused: %s'), async (uri, code) => {
    await expect(read(uri)).rejects.toMatchObject({ code });
  });

  test('the commit at the head of each repository is listed', async () => {
    const lists = await Promise.all(resources.map(async ({ list }) => list(caller.context)));
    expect(lists.flat()).toEqual([
      expect.objectContaining({
        uri: expect.stringMatching(/^git:\/\/[^/]+\/commit\/[0-9a-f]{40}$/),
      }),
    ]);
  });
});

describe('completion', () => {
  test('repositories', async () => {
    expect(await complete('blob', 'repo', 'a')).toEqual(['app']);
    expect(await complete('commit', 'repo', 'b')).toEqual([]);
  });

  test('revisions', async () => {
    expect(await complete('blob', 'rev', '', { repo: 'app' })).toEqual([
      'HEAD',
      ...world.lines('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads', 'refs/tags'),
    ]);
    expect(await complete('diff', 'head', 'to', { repo: 'app' })).toEqual(['topic']);
    expect(await complete('diff', 'base', 'ma')).toEqual(['main']);
  });

  test('paths, one directory at a time', async () => {
    const known = { repo: 'app', rev: 'v1.0' };
    expect(await complete('blob', 'path', 'd', known)).toEqual(['deploy.pem', 'docs/']);
    expect(await complete('blob', 'path', 'docs/', known)).toEqual(['docs/old.md']);
    expect(await complete('blob', 'path', 'docs/n', known)).toEqual([]);
    expect(await complete('blob', 'path', 'tab', known)).toEqual(['tab\\u{9}and "quote".txt']);
  });

  test('commits', async () => {
    const newest = world.lines('log', '--format=%H');
    expect(await complete('commit', 'oid', '', { repo: 'app' })).toEqual(newest);
    const [first = ''] = newest;
    expect(await complete('commit', 'oid', first.slice(0, 12), { repo: 'app' })).toEqual([first]);
  });

  test('what is not well formed yet has nothing to offer', async () => {
    expect(await complete('blob', 'path', '../', { repo: 'app' })).toEqual([]);
    expect(await complete('blob', 'path', '', { repo: '../app' })).toEqual([]);
    expect(await complete('blob', 'path', '', { repo: 'app', rev: '--all' })).toEqual([]);
    expect(await complete('blob', 'nothing', 'a', { repo: 'app' })).toEqual([]);
  });

  test('arguments of a prompt', async () => {
    const [review] = prompts;
    expect(await review.complete?.('head', 'si', caller.context)).toEqual(['side']);
    expect(await review.complete?.('repo', '', caller.context)).toEqual(['app']);
    const several = makeCaller({ app: world.path, other: world.path });
    expect(await review.complete?.('head', 'si', several.context)).toEqual([]);
    await several.close();
  });
});
