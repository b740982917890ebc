import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { gitFixtures, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

const { reftableBytes, tableName } = gitFixtures;

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
let tables: string;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
  for (const top of [ground.root, ground.outside]) keepInTables(join(top, 'app'));
  tables = join(ground.root, 'app/.git/reftable');
});
afterEach(async () => {
  await opening.close();
  temp.remove();
});

const FIRST = tableName(1, 1);
const SECOND = tableName(2, 2);

/** What `git refs migrate --ref-format=reftable` does, for a git that is older than that. */
function keepInTables(app: string): void {
  const id = git(app, ['rev-parse', 'HEAD']).trim();
  git(app, ['config', 'core.repositoryformatversion', '1']);
  git(app, ['config', 'extensions.refstorage', 'reftable']);
  writeFileSync(join(app, '.git/HEAD'), 'ref: refs/heads/.invalid\n');
  mkdirSync(join(app, '.git/reftable'));
  const refs = [
    { name: 'HEAD', target: 'refs/heads/main' },
    { name: 'refs/heads/main', id },
  ];
  writeFileSync(join(app, '.git/reftable', FIRST), reftableBytes(refs));
  writeFileSync(join(app, '.git/reftable/tables.list'), `${FIRST}\n`);
}

const writeList = (...lines: string[]): void =>
  writeFileSync(join(tables, 'tables.list'), lines.map((line) => `${line}\n`).join(''));
/** What git is shown. */
const shownIn = async (): Promise<string> =>
  join((await opening.open(ground.root, 'app')).profile.gitDir, 'reftable');
const refused = (id: string): object => ({
  code: 'repository.refused',
  detail: expect.stringContaining(id),
});

test.each([
  `../../../../outside/app/.git/reftable/${FIRST}`,
  `/etc/${FIRST}`,
  `./${FIRST}`,
  `${FIRST}/../${FIRST}`,
  '..',
  '../HEAD',
  '',
  'tables.list',
  `${FIRST}\0.ref`,
])(verifies('C3.repository', 'a list of tables with the line %j is refused'), async (line) => {
  writeList(FIRST, line);
  await expect(shownIn()).rejects.toMatchObject(refused('layout.tables reftable/tables.list'));
});

test(verifies('C3.repository', 'tables are copies, of those alone that are listed'), async () => {
  writeFileSync(join(tables, SECOND), 'not listed');
  symlinkSync('/etc/passwd', join(tables, 'passwd.ref'));
  const shown = await shownIn();
  expect(readdirSync(shown).toSorted()).toEqual([FIRST, 'tables.list']);
  for (const name of ['.', FIRST, 'tables.list'])
    expect(lstatSync(join(shown, name)).isSymbolicLink()).toBe(false);
  expect(readFileSync(join(shown, FIRST))).toEqual(readFileSync(join(tables, FIRST)));
  expect(readFileSync(join(shown, 'tables.list'), 'utf8')).toBe(`${FIRST}\n`);
});

test.each([
  [
    'a table',
    () => {
      rmSync(join(tables, FIRST));
      symlinkSync(join(ground.outside, 'app/.git/reftable', FIRST), join(tables, FIRST));
    },
  ],
  [
    'the list',
    () => {
      rmSync(join(tables, 'tables.list'));
      symlinkSync(
        join(ground.outside, 'app/.git/reftable/tables.list'),
        join(tables, 'tables.list'),
      );
    },
  ],
  [
    'the directory',
    () => {
      renameSync(tables, `${tables}-before`);
      symlinkSync(join(ground.outside, 'app/.git/reftable'), tables);
    },
  ],
])(verifies('C3.repository', '%s that is a link is refused'), async (_, change) => {
  change();
  await expect(shownIn()).rejects.toMatchObject(refused('layout.link reftable'));
});

test(verifies('C3.repository', 'a list that changes is read again by the next call'), async () => {
  await sleep(120);
  const before = await shownIn();
  expect(await shownIn()).toBe(before);
  writeFileSync(join(tables, SECOND), reftableBytes([{ name: 'refs/heads/new', target: 'x' }], 2));
  writeList(FIRST, SECOND);
  const shown = await shownIn();
  expect(readdirSync(shown).toSorted()).toEqual([FIRST, SECOND, 'tables.list']);
  writeList(`../../../../outside/app/.git/reftable/${FIRST}`);
  await expect(shownIn()).rejects.toMatchObject(refused('layout.tables'));
  // A table that is named and not there.
  writeList(tableName(3, 3));
  await expect(shownIn()).rejects.toMatchObject({ code: 'repository.broken' });
  rmSync(tables, { recursive: true });
  expect(existsSync(join(await shownIn(), 'tables.list'))).toBe(false);
});
