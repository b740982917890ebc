import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { attacks, verifies } from '@secure-mcp/testkit';
import { HARDENED, spentIn } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { makeDeep, makeHuge, makeSparse } from '../bomb-files.ts';
import { openShared } from './shared.ts';

type Bomb = readonly [title: string, name: string, args: object];

/** As for the bundle in a process of its own. */
const RESIDENT_MIB_MAX = 200;

/** The worst of those that the bundle is tested with, by the memory that they take. */
const BOMBS: readonly Bomb[] = [
  [
    'a sparse file of 20 GB, its end',
    'read_file',
    { path: 'sparse.bin', encoding: 'utf-8', tail: true },
  ],
  ['20 large files', 'read_files', { paths: Array.from({ length: 20 }, () => 'long.txt') }],
  ['a huge directory, the newest', 'find_files', { path: 'huge', glob: '*', sort: 'mtime' }],
  ['a deep tree, searched', 'search_text', { path: 'deep', pattern: 'needle' }],
  ...attacks.EXPRESSION_BOMBS.map(({ name, pattern }): Bomb => [
    `an expression of ${name}`,
    'search_text',
    { path: 'long-line.txt', pattern },
  ]),
];

describe.runIf(inject('containers'))('bombs in a container', () => {
  const shared = openShared();
  beforeAll(async () => {
    const { temp, mount } = shared;
    const root = join(mount.from, 'root');
    temp.write('shared/root/long-line.txt', 'a'.repeat(32 * 1024 ** 2));
    temp.write('shared/root/long.txt', 'line of text\n'.repeat(4_000_000));
    makeSparse(join(root, 'sparse.bin'), 20 * 1024 ** 3);
    makeDeep(join(root, 'deep'), 2000);
    makeHuge(join(root, 'huge'), 20_000);
    await shared.start();
  });
  afterAll(async () => {
    // Deleting a deep tree by paths would need paths longer than the kernel takes.
    execFileSync('rm', ['-rf', join(shared.mount.from, 'root')]);
    await shared.close();
  });

  /** Whether a bomb is answered, or refused for what it is. */
  const isAnswered = async ([, name, args]: Bomb): Promise<boolean> => {
    const { text } = await shared.client().call(name, args);
    return !/^(?:internal|limit\.deadline|disk\.memory|root\.)/.test(text);
  };

  test.each(BOMBS)(verifies('C10.bombs', 'C6.container', '%s is answered'), async (...bomb) =>
    expect(await isAnswered(bomb)).toBe(true),
  );

  test(
    verifies(
      'C10.bombs',
      'C6.container',
      'all at the same time are answered, within the memory of the container',
    ),
    async () => {
      expect(await Promise.all(BOMBS.map(isAnswered))).not.toContain(false);
      const spent = await spentIn(shared.name);
      const { memoryBytes, pids } = HARDENED;
      console.log(`bombs: ${JSON.stringify(spent)} of ${JSON.stringify({ memoryBytes, pids })}`);
      expect(spent.killed).toBe(0);
      expect(spent.residentMib).toBeLessThan(RESIDENT_MIB_MAX);
      const [container] = JSON.parse(
        execFileSync('docker', ['inspect', shared.name], { encoding: 'utf8' }),
      );
      expect(container.State).toMatchObject({ Running: true, OOMKilled: false });
      expect(container.HostConfig.Memory).toBe(HARDENED.memoryBytes);
    },
  );
});
