import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitFixtures, makeTemp, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { audit } from '../../src/adapter/audit/index.ts';
import { locate } from '../../src/adapter/repository/layout.ts';
import type { Audit } from '../../src/adapter/index.ts';
import { type Opening, openingIn, someTime } from './opening.ts';

const { buildHostile, VECTORS } = gitFixtures;

let temp: ReturnType<typeof makeTemp>;
let opening: Opening;
let places: ReadonlyMap<string, ReturnType<typeof buildHostile>[number]>;
beforeAll(() => {
  temp = makeTemp();
  places = new Map(buildHostile(temp.path).map((vector) => [vector.name, vector]));
  opening = openingIn(temp.path);
}, 120_000);
afterAll(async () => {
  await opening.close();
  temp.remove();
});

async function auditOf(directory: string): Promise<Audit> {
  const located = locate({ name: 'root', path: directory }, []);
  if (located.kind === 'unknown') throw new Error('there is no repository');
  return audit(located, opening, someTime());
}

/** What the audit has to tell of a vector; only of those that stand in files of git's own. */
const TOLD: Readonly<Record<string, string>> = {
  fsmonitor: 'config.fsmonitor',
  'fsmonitor-config-worktree': 'config.fsmonitor',
  'fsmonitor-include': 'config.include',
  'embedded-bare-repository': 'layout.embedded',
  'diff-command': 'attributes.driver',
  'diff-command-info-attributes': 'attributes.driver',
  textconv: 'config.textconv',
  'filter-clean': 'attributes.driver',
  'hook-post-index-change': 'hooks.reading',
  'hooks-of-writes': 'hooks.writing',
  'hooks-path': 'config.hooks',
  'lazy-ext': 'config.promisor',
  'merge-driver': 'attributes.driver',
  'submodule-without-gitmodules': 'submodules.present',
  'git-directory-symlink': 'layout.link',
  'gitfile-outside': 'layout.gitfile',
  'commondir-outside': 'layout.commondir',
  'reftable-outside': 'layout.tables',
  'alternates-outside': 'objects.alternate_outside',
  'alternates-chain': 'objects.alternate_outside',
  'objects-symlink': 'layout.link',
  'pack-symlink': 'layout.link',
  'loose-object-symlink': 'layout.link',
  'packed-refs-symlink': 'layout.link',
  'refs-symlink': 'layout.link',
  'config-symlink': 'layout.link',
  'index-symlink': 'layout.link',
  'index-with-parent-path': 'index.path',
  'index-with-absolute-path': 'index.path',
  'index-with-git-directory': 'index.path',
  'worktree-outside': 'config.worktree',
  'remote-credentials': 'config.credential-in-url',
  'replaced-commit': 'refs.replace',
  grafts: 'objects.grafts',
  'commit-graph': 'objects.commit_graph',
  'assume-unchanged': 'index.assume_unchanged',
  'skip-worktree': 'index.skip_worktree',
  'working-tree-encoding': 'attributes.encoding',
  'option-like-branch': 'refs.option_like',
};

test.each(Object.entries(TOLD))('the audit tells of %s: %s', async (name, id) => {
  const { findings } = await auditOf(places.get(name)?.place.repository ?? '');
  expect(findings.map((finding) => finding.id)).toContain(id);
});

test('every kind of setting that runs something is told', async () => {
  const silent: string[] = [];
  for (const { name, bites, place } of places.values()) {
    const { findings } = await auditOf(place.repository);
    const isTold = findings.some(({ severity }) => severity === 'executes');
    if (bites === 'executes' && !isTold) silent.push(name);
  }
  expect(silent).toEqual([]);
}, 120_000);

test(
  verifies('C6.travelling', 'the audit runs nothing, writes nothing and shows no secret'),
  async () => {
    for (const { place } of places.values()) {
      const before = treeDigest(place.repository);
      const told = JSON.stringify(await auditOf(place.repository));
      expect(told).not.toContain(place.marker);
      expect(treeDigest(place.repository)).toBe(before);
      expect(existsSync(place.canary.file)).toBe(false);
    }
  },
  120_000,
);

test('a repository in the work tree that lies elsewhere is told, and one in its place is not', async () => {
  const victim = join(temp.path, 'ordinary/.git');
  const hostile = join(temp.path, 'nesting');
  cpSync(join(temp.path, 'ordinary'), hostile, { recursive: true });
  const nest = (name: string, gitfile: string): void => {
    mkdirSync(join(hostile, name), { recursive: true });
    writeFileSync(join(hostile, name, '.git'), `gitdir: ${gitfile}\n`);
  };
  cpSync(victim, join(hostile, 'plain/.git'), { recursive: true });
  cpSync(victim, join(hostile, '.git/modules/sub'), { recursive: true });
  nest('sub', '../.git/modules/sub');
  nest('gone', '../../nothing');
  expect((await auditOf(hostile)).findings).toEqual([]);
  nest('absolute', victim);
  nest('deep/relative', '../../../ordinary/.git');
  mkdirSync(join(hostile, 'linked'));
  symlinkSync(victim, join(hostile, 'linked/.git'));
  cpSync(victim, join(hostile, 'ref/.git'), { recursive: true });
  rmSync(join(hostile, 'ref/.git/HEAD'));
  symlinkSync(join(victim, 'HEAD'), join(hostile, 'ref/.git/HEAD'));
  const { findings } = await auditOf(hostile);
  expect(findings.map(({ id, where }) => `${id} ${where}`).toSorted()).toEqual(
    ['absolute', 'deep/relative', 'linked', 'ref'].map((where) => `worktree.nested ${where}`),
  );
});

test('a repository that is refused is audited as well, the worst first', async () => {
  const { findings, refused } = await auditOf(places.get('refs-symlink')?.place.repository ?? '');
  expect(refused).toBe(true);
  expect(findings[0]).toMatchObject({ id: 'layout.link', where: 'refs', refuses: true });
});

test('of an ordinary repository there is nothing to tell', async () => {
  expect(await auditOf(join(temp.path, 'ordinary'))).toEqual({
    findings: [],
    truncated: false,
    refused: false,
  });
  expect(VECTORS.length).toBe(places.size);
});
