import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const SERVERS = readdirSync(join(REPOSITORY, 'servers'));

/** The rooms of every server. Who knows one server knows all. */
const ROOMS = ['adapter', 'config.ts', 'guard', 'main.ts', 'policy.ts', 'server.ts', 'tools'];

describe.each(SERVERS)('the server %s', (server) => {
  const source = join(REPOSITORY, 'servers', server, 'src');

  test('has the rooms of every server', () => {
    expect(readdirSync(source).toSorted()).toEqual(ROOMS);
  });

  test('names itself only where it has to, so that a copy needs no renaming', () => {
    const named = globSync('**/*.ts', { cwd: source }).filter((file) =>
      readFileSync(join(source, file), 'utf8').includes(`secure-mcp-${server}`),
    );
    expect(named).toEqual(['server.ts']);
  });

  test('touches files, processes and networks only in its adapter', () => {
    const world =
      /from 'node:(?:fs|child_process|net|http|https|worker_threads)|from '(?:pg|simple-git)'/;
    const touching = globSync('**/*.ts', { cwd: source }).filter((file) =>
      world.test(readFileSync(join(source, file), 'utf8')),
    );
    expect(touching.filter((file) => !file.startsWith('adapter/'))).toEqual([]);
  });
});
