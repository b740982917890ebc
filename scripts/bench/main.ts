/**
 * `npm run bench`: each server beside a raw loop, in turns, in one run. Machines drift and are shared,
 * so the ratio counts and not the figure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { coldStart, median, openPeer, type Peer } from './peer.ts';

const RAW = fileURLToPath(new URL('./raw-server.cjs', import.meta.url));
const FILESYSTEM = fileURLToPath(
  new URL('../../servers/filesystem/dist/main.cjs', import.meta.url),
);
const STARTS = 21;

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

interface Row {
  readonly name: string;
  readonly tool: string;
  readonly ours: object;
  readonly raw: object;
  readonly rounds: number;
  /** In milliseconds, on the machine of the reference figures. */
  readonly goal: string;
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

async function compareCalls(
  { name, tool, ours, raw, rounds, goal }: Row,
  server: Peer,
  loop: Peer,
) {
  const call = (peer: Peer, args: object) =>
    peer.ask('tools/call', { name: tool, arguments: args });
  for (let warm = 0; warm < Math.min(rounds, 200); warm += 1) {
    await call(server, ours);
    await call(loop, raw);
  }
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    times[0].push(await call(server, ours));
    times[1].push(await call(loop, raw));
  }
  const [our, limit] = times.map(median);
  return {
    call: name,
    'ours p50 ms': digits(our),
    'raw p50 ms': digits(limit),
    ratio: digits((our ?? 0) / (limit ?? 1)),
    'goal ms': goal,
  };
}

function digits(value: number | undefined): string {
  return value === undefined ? '' : value.toPrecision(3);
}

interface StartRow {
  readonly name: string;
  readonly start: () => ReturnType<typeof coldStart>;
  readonly ms: number[];
  readonly mb: number[];
}

async function compareStarts() {
  const cache = { ...process.env, NODE_COMPILE_CACHE: join(tree, '.compile-cache') };
  const starts = {
    'raw loop': () => coldStart([RAW, tree]),
    filesystem: () => coldStart([FILESYSTEM, tree]),
    'filesystem, with NODE_COMPILE_CACHE': () => coldStart([FILESYSTEM, tree], cache),
  };
  const rows = Object.entries(starts).map(([name, start]): StartRow => ({
    name,
    start,
    ms: [],
    mb: [],
  }));
  for (const { start } of rows) await start();
  for (let round = 0; round < STARTS; round += 1) {
    for (const row of rows) {
      const { ms, mb } = await row.start();
      row.ms.push(ms);
      row.mb.push(mb);
    }
  }
  const raw = median(rows[0]?.ms ?? []);
  return rows.map(({ name, ms, mb }) => ({
    start: name,
    'to tools/list, ms': digits(median(ms)),
    'least ms': digits(Math.min(...ms)),
    'raw loops': digits(median(ms) / raw),
    'memory MiB': digits(median(mb)),
  }));
}

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
console.table(await compareStarts());
const server = await openPeer([FILESYSTEM, tree, '--rate-limit', '1000000/1']);
const loop = await openPeer([RAW, tree]);
const table = [];
for (const row of ROWS) table.push(await compareCalls(row, server, loop));
table.push(await besideHeavyWork());
console.table(table);
await Promise.all([server.end(), loop.end()]);
rmSync(tree, { recursive: true });
