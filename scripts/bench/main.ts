/**
 * `npm run bench`: each server beside a raw loop, in turns, in one run. Machines drift and are shared,
 * so the ratio counts and not the figure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compareCalls, compareStarts, digits, type Row } from './compare.ts';
import { benchGit, GIT } from './git.ts';
import { benchHttp } from './http.ts';
import { coldStart, median, openPeer } from './peer.ts';
import { benchPostgres, POSTGRES } from './postgres.ts';

const RAW = fileURLToPath(new URL('./raw-server.cjs', import.meta.url));
const FILESYSTEM = fileURLToPath(
  new URL('../../servers/filesystem/dist/main.cjs', import.meta.url),
);
const STARTS = 21;
/** A start connects to nobody. */
const NOWHERE = { ...process.env, DATABASE_URL: 'postgres://reader@127.0.0.1:1/none' };

const tree = mkdtempSync(join(tmpdir(), 'secure-mcp-bench-'));

function grow(): void {
  writeFileSync(
    join(tree, 'small.txt'),
    'a line of text, as files have\n'.repeat(34).slice(0, 1024),
  );
  mkdirSync(join(tree, 'thousand'));
  for (let file = 0; file < 1000; file += 1)
    writeFileSync(join(tree, 'thousand', `file-${String(file)}.txt`), '');
  for (let directory = 0; directory < 100; directory += 1) {
    const path = join(tree, 'source', `module-${String(directory)}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 100; file += 1) {
      const body = 'export function work(value: number) { return value + 1; }\n'.repeat(20);
      const needle = file === 50 ? '// TODO: needle here\n' : '';
      writeFileSync(
        join(path, `part-${String(file)}.${file % 10 === 0 ? 'md' : 'ts'}`),
        body + needle,
      );
    }
  }
}

const ROWS: readonly Row[] = [
  {
    name: 'read 1 KiB',
    tool: 'read_file',
    ours: { path: 'small.txt' },
    raw: { path: 'small.txt' },
    rounds: 2000,
    goal: '0.20',
  },
  {
    name: 'list 1,000 entries',
    tool: 'list_directory',
    ours: { path: 'thousand', limit: 1000 },
    raw: { path: 'thousand' },
    rounds: 300,
    goal: '0.90',
  },
  {
    name: 'find in 10,000 files',
    tool: 'find_files',
    ours: { path: 'source', glob: '*.md', limit: 1000 },
    raw: { path: 'source', suffix: '.md' },
    rounds: 40,
    goal: '15',
  },
  {
    name: 'search 10,000 files',
    tool: 'search_text',
    ours: { path: 'source', pattern: 'TODO: \\w+' },
    raw: { path: 'source', pattern: 'TODO: \\w+' },
    rounds: 15,
    goal: '100',
  },
];

/** Light calls while heavy ones run: a heavy one must not hold them up. */
async function besideHeavyWork() {
  const heavy = await openPeer([FILESYSTEM, tree, '--rate-limit', '1000000/1']);
  const light: number[] = [];
  const search = JSON.stringify({
    name: 'search_text',
    arguments: { path: 'source', pattern: '(?:[a-z]+_?)+\\(\\)\\s*;' },
  });
  for (let round = 0; round < 10; round += 1) {
    heavy.tell('tools/call', JSON.parse(search));
    light.push(
      await heavy.ask('tools/call', { name: 'read_file', arguments: { path: 'small.txt' } }),
    );
  }
  await heavy.end();
  return {
    call: 'read 1 KiB beside a search',
    'ours p50 ms': digits(median(light)),
    'goal ms': '10',
  };
}

grow();
console.log(`Node ${process.version}, ${String(STARTS)} starts in turns, medians\n`);
const cache = { ...process.env, NODE_COMPILE_CACHE: join(tree, '.compile-cache') };
console.table(
  await compareStarts(
    {
      'raw loop': () => coldStart([RAW, tree]),
      filesystem: () => coldStart([FILESYSTEM, tree]),
      'filesystem, with NODE_COMPILE_CACHE': () => coldStart([FILESYSTEM, tree], cache),
      postgres: () => coldStart([POSTGRES], NOWHERE),
      git: () => coldStart([GIT, fileURLToPath(new URL('../..', import.meta.url))]),
    },
    STARTS,
  ),
);
const server = await openPeer([FILESYSTEM, tree, '--rate-limit', '1000000/1']);
const loop = await openPeer([RAW, tree]);
const table = [];
for (const row of ROWS) table.push(await compareCalls(row, server, loop));
table.push(await besideHeavyWork());
console.table(table);
await Promise.all([server.end(), loop.end()]);
rmSync(tree, { recursive: true });
await benchPostgres();
await benchGit();
await benchHttp();
