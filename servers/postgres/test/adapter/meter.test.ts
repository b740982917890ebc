import { execFile } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Database } from '../../src/adapter/index.ts';
import { meter } from '../../src/adapter/session/meter.ts';
import { LIMITS } from '../../src/policy.ts';
import { backendsOf, becomes, cell, makeReader, open, read, refusal } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let database: Database;

beforeAll(async () => {
  reader = await makeReader();
  database = open(reader.url);
});

afterAll(async () => {
  await database.close();
  await reader.database.drop();
});

test.each([
  ['one huge cell', `SELECT repeat('x', 60000000)`],
  ['a million rows', `SELECT repeat('x', 8000) FROM generate_series(1, 1000000)`],
  [
    'many wide rows',
    `SELECT ${Array.from({ length: 100 }, () => `repeat('x', 500)`).join(', ')} FROM generate_series(1, 1000)`,
  ],
  [
    'a million of nothing',
    `SELECT ${Array.from({ length: 1600 }, () => 'NULL').join(', ')} FROM generate_series(1, 600)`,
  ],
  ['a huge plan of bytes', `SELECT decode(repeat('ff', 10000000), 'hex')`],
])(
  verifies('E7.bytes', 'C10.rows', '%s is refused, its connection ended and its process gone'),
  async (_, text) => {
    const pid = await cell(database, 'SELECT pg_backend_pid()');
    expect((await refusal(read(database, text, { limit: LIMITS.rowsMax }))).code).toBe(
      'database.too_much',
    );
    await becomes(() => backendsOf(reader.database, reader.role, `pid = ${String(pid)}`), 0);
    expect(await cell(database, 'SELECT 1')).toBe(1);
  },
);

test(
  verifies(
    'C10.rows',
    'cells are counted over all rows: each takes memory, however little it holds',
  ),
  () => {
    const socket = new Socket();
    const counted = meter(socket);
    counted.start(LIMITS.wireBytesMax);
    counted.countRow(LIMITS.wireCellsMax - 1);
    counted.countRow(1);
    expect([counted.isOver, socket.destroyed]).toEqual([false, false]);
    counted.countRow(1);
    expect([counted.isOver, socket.destroyed]).toEqual([true, true]);
  },
);

test(verifies('E7.bytes', 'the count begins anew with each call'), async () => {
  for (let at = 0; at < 4; at += 1) {
    const { rows, cut } = await read(database, `SELECT repeat('x', 2000000)`);
    expect([rows[0]?.[0]?.toString().length, cut]).toEqual([LIMITS.cellCharactersMax, 1]);
  }
});

test(
  verifies('C10.rows', 'as many rows as can be asked for may have hundreds of columns'),
  async () => {
    const columns = Array.from({ length: 250 }, () => 'NULL').join(', ');
    const { rows } = await read(database, `SELECT ${columns} FROM generate_series(1, 2000)`, {
      limit: LIMITS.rowsMax,
    });
    expect(rows).toHaveLength(LIMITS.rowsMax);
  },
);

test(verifies('C10.rows', 'a million rows that nobody asked for are not sent'), async () => {
  const started = performance.now();
  const { rows, more } = await read(database, 'SELECT g FROM generate_series(1, 1000000) g', {
    limit: 10,
  });
  expect([rows.length, more]).toEqual([10, true]);
  expect(performance.now() - started).toBeLessThan(5000);
});

test(verifies('C10.rows', 'a cell of 60 MB costs this process less than 20 MB'), async () => {
  const script = fileURLToPath(new URL('memory.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@secure-mcp/source',
    '--expose-gc',
    script,
    reader.url,
  ]);
  const { code, grown } = JSON.parse(stdout);
  expect(code).toBe('database.too_much');
  expect(grown).toBeLessThan(20);
});
