import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

import { connect, startRaw, type TestClient, verifies } from '@secure-mcp/testkit';
import { dockerSays, HARDENED } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { DatabaseInContainer } from './database.ts';
import { COMMON_IMAGE, whyMissing } from './images.ts';
import { openWorld, type World } from './world.ts';

const isRun = inject('containers') && (await whyMissing(COMMON_IMAGE)) === undefined;

const BIG = `
  CREATE TABLE app.big (id int PRIMARY KEY, body text);
  ALTER TABLE app.big ALTER COLUMN body SET STORAGE EXTERNAL;
  INSERT INTO app.big VALUES (1, repeat('x', 60000000)), (2, 'small');
  CREATE TABLE app.many (id int PRIMARY KEY, text text);
  INSERT INTO app.many SELECT n, 'row ' || n FROM generate_series(1, 300000) AS n;`;

const many = (count: number, piece: string, between: string): string =>
  Array.from({ length: count }, () => piece).join(between);

/** Those of all bombs that take the server most memory; another suite sends the others. */
const BOMBS: readonly (readonly [what: string, sql: string])[] = [
  ['a cell of 60 MB', 'SELECT body FROM app.big WHERE id = 1'],
  ['60 MB in pieces', 'SELECT b1.body FROM app.big b1, app.big b2, app.big b3'],
  ['all rows', 'SELECT * FROM app.many ORDER BY id'],
  ['all rows as JSON', 'SELECT json_agg(m) FROM app.many m'],
  ['hundreds of columns', `SELECT ${many(3000, 'id', ',')} FROM app.many`],
  ['rows of nothing', `SELECT ${many(1600, 'NULL', ',')} FROM generate_series(1, 600)`],
  ['a sum of thousands', `SELECT ${many(10_000, '1', '+')}`],
  ['parentheses', `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`],
];
/** As many of each at the same time as one caller may run. */
const AT_A_TIME = 8;

describe.runIf(isRun)('in a container with its memory limit', () => {
  let world: World;
  let database: DatabaseInContainer;
  beforeAll(async () => {
    world = await openWorld();
    database = await world.database(COMMON_IMAGE);
    await database.admin(BIG);
  });
  afterAll(() => world.close());

  const start = (name: string, ...options: readonly string[]) =>
    world.server(
      database.alias,
      [`--name=${name}`, ...options],
      ...['--rate-limit', '1000000/1', '--statement-timeout-ms', '4000'],
    );

  test(verifies('C10.rows', 'bombs, eight at a time, do not exceed it'), { timeout: 90_000 }, async () => {
    const name = `secure-mcp-${randomUUID()}`;
    const client = await connect('v2 legacy', start(name));
    for (const [what, sql] of BOMBS) {
 const t=performance.now();
      const answers = await Promise.all(
        Array.from({ length: AT_A_TIME }, () => client.call('query', { sql, limit: 1000 })),
      );
      for (const { text } of answers)
        expect([what, text]).toEqual([what, expect.not.stringMatching(/^internal/)]);
 console.log(what, performance.now()-t, answers[0]?.text.slice(0,60));
    }
    expect(await ask(client)).toContain('200');
    const [container] = JSON.parse(await dockerSays('inspect', name));
    expect(container.State).toMatchObject({ Running: true, OOMKilled: false });
    expect(container.HostConfig.Memory).toBe(HARDENED.memoryBytes);
    console.log(`${String(HARDENED.memoryBytes / MIB)} MiB are allowed; ${await peakOf(name)}`);
    await client.close();
  });

  test('with a quarter of it the kernel ends the server: the limit is real', async () => {
    const bytes = String(HARDENED.memoryBytes / 4);
    const limits = [`--memory=${bytes}`, `--memory-swap=${bytes}`];
    const raw = startRaw(start(`secure-mcp-${randomUUID()}`, ...limits));
    const ended = once(raw.process, 'close');
    await raw.initialize();
    const [, sql] = BOMBS[0] ?? ['', ''];
    for (let id = 0; id < AT_A_TIME; id += 1)
      raw.send({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'query', arguments: { sql } },
      });
    expect(await ended).toEqual([KILLED, null]);
  });
});

const MIB = 1_048_576;
/** How the engine tells SIGKILL. */
const KILLED = 137;

async function ask(client: TestClient): Promise<string> {
  return (await client.call('query', { sql: 'SELECT count(*) FROM app.orders' })).text;
}

/** The most that a container ever held, in either version of control groups. */
const PEAK = `
  const files = ['/sys/fs/cgroup/memory.peak', '/sys/fs/cgroup/memory/memory.max_usage_in_bytes'];
  const file = files.find((name) => fs.existsSync(name));
  console.log(file === undefined ? 'unknown' : fs.readFileSync(file, 'utf8'));
`;

async function peakOf(name: string): Promise<string> {
  const bytes = Number(await dockerSays('exec', name, '/usr/local/bin/node', '--eval', PEAK));
  return Number.isNaN(bytes) ? 'the peak is not told' : `the peak is ${(bytes / MIB).toFixed(0)}`;
}
