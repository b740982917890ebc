import { verifies } from '@secure-mcp/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { activity } from '../../src/tools/activity.ts';
import { databaseHealth } from '../../src/tools/database-health.ts';
import { CHECKS } from '../../src/tools/health-checks.ts';
import { indexAdvice } from '../../src/tools/index-advice.ts';
import { securityPosture } from '../../src/tools/security-posture.ts';
import { holdsConstant, topQueries } from '../../src/tools/top-queries.ts';
import { makeWorld, MARKER, type World } from '../questions/world.ts';
import { ACCESS, type Answer, type Caller, type Facts, listOf, makeCaller } from './caller.ts';

let world: World;
let reader: Caller;
let watcher: Caller;
beforeAll(async () => {
  world = await makeWorld();
  reader = makeCaller(world.database, { role: world.reader });
  watcher = makeCaller(world.database, { role: world.watcher });
});
afterAll(async () => {
  await reader?.close();
  await watcher?.close();
  await world?.database.drop();
});

async function checksOf(caller: Caller): Promise<Readonly<Record<string, Facts>>> {
  const checks = listOf(await caller.call(databaseHealth), 'checks');
  return Object.fromEntries(checks.map((check) => [String(check['check']), check]));
}

describe('database_health', () => {
  test('says something of each check', async () => {
    expect(Object.keys(await checksOf(watcher))).toEqual([...CHECKS]);
  });

  test('finds what is wrong, names what is visible and counts the rest', async () => {
    const checks = await checksOf(watcher);
    expect(checks['invalid_indexes']).toMatchObject({
      status: 'warn',
      names: ['app.large_broken'],
    });
    expect(checks['dead_rows']).toMatchObject({ status: 'warn', names: ['app.large'] });
    expect(checks['duplicate_indexes']).toMatchObject({
      status: 'warn',
      value: 2,
      names: ['app.orders_total_again (orders_total)'],
      evidence: expect.stringContaining('Not named here: 1.'),
    });
    expect(checks['never_analyzed']?.['names']).toContain('app.animals');
    expect(checks['connections']).toMatchObject({ status: 'ok', unit: 'percent' });
    expect(checks['wraparound']).toMatchObject({ status: 'ok' });
  });

  test('does not know what its role cannot see, and says so', async () => {
    const [own, all] = [await checksOf(reader), await checksOf(watcher)];
    expect(own['transactions']?.['status']).toBe('unknown');
    expect(all['transactions']?.['status']).toBe('ok');
    // One near its end is known; others may be, too.
    expect(own['sequences']?.['evidence']).toContain('may not look at');
    // The counters are young.
    expect(all['unused_indexes']?.['status']).toBe('unknown');
  });

  test('a long transaction is seen by those who may see it', async () => {
    const client = new Client({ connectionString: world.database.url() });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT 1');
      await new Promise((resolve) => setTimeout(resolve, 1600));
      expect((await checksOf(watcher))['transactions']?.['value']).toBeGreaterThanOrEqual(1);
      expect((await checksOf(reader))['transactions']).toMatchObject({ status: 'unknown' });
    } finally {
      await client.end();
    }
  });
});

test('index_advice: missing, duplicate and unused ones, by visible names', async () => {
  const findings = listOf(await reader.call(indexAdvice), 'findings');
  const { names, count } = Object(
    findings.find(({ finding }) => finding === 'foreign key without index'),
  );
  expect(names).toContain('app.large (other)');
  expect(names).toContain('app.lines (order_id, placed)');
  expect(count).toBeGreaterThan(names.length);
});

describe('top_queries', () => {
  const topOf = (caller: Caller): Promise<Answer> => caller.call(topQueries, { limit: 50 });

  test('is absent without its extension', async () => {
    await expect(topOf(watcher)).rejects.toMatchObject({ code: 'feature.absent' });
  });

  test(
    verifies(
      'E5.relations',
      'E6.masks',
      'shows the text of what its reader could have run, and no constant',
    ),
    async () => {
      const { database } = world;
      await database.admin('CREATE EXTENSION pg_stat_statements SCHEMA app');
      await database.admin(
        `SELECT id FROM app.lines WHERE id = 42 /* ${MARKER} in a comment */;
         SELECT id FROM app.people WHERE email = '${MARKER}';
         SELECT id FROM ${MARKER}_schema.${MARKER}_table;
         SELECT ${MARKER}_schema.${MARKER}_function('a');
         SELECT name FROM app.animals ORDER BY 1;
         UPDATE app.lines SET placed = '2025-01-01' WHERE id = 42;
         COMMENT ON TABLE app.lines IS '${MARKER}';
         COMMENT ON TABLE app.lines IS NULL`,
      );
      const answer = await topOf(watcher);
      expect(answer.output['of_all_roles']).toBe(true);
      const statements = listOf(answer, 'statements');
      const texts = statements.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
      expect(texts.filter((each) => each.includes('lines'))).toHaveLength(1);
      expect(texts.find((each) => each.includes('lines'))).toMatch(/FROM .*lines.* WHERE .*= \$1/);
      // A position in ORDER BY looks like a constant.
      expect(texts.some((each) => each.includes('animals'))).toBe(false);
      expect(statements.some(({ verb, text }) => verb === 'UPDATE' && text === undefined)).toBe(
        true,
      );
      expect(JSON.stringify(answer)).not.toContain(MARKER);
      expect(new Set(statements.map(({ verb }) => verb))).not.toContain('COMMENT');
    },
  );

  test(
    verifies('E6.masks', 'shows no text with a masked column, whatever its mask is'),
    async () => {
      await world.database.admin('SELECT id FROM app.people WHERE email = $1', ['p1']);
      const [email] = ACCESS.masks;
      if (email === undefined) throw new Error('no mask');
      const masking = makeCaller(world.database, {
        role: world.watcher,
        access: { ...ACCESS, masks: [{ ...email, how: 'null' }] },
      });
      try {
        const texts = listOf(await topOf(masking), 'statements').map(({ text }) => String(text));
        expect(texts.some((text) => text.includes('lines'))).toBe(true);
        expect(texts.filter((text) => text.includes('people'))).toEqual([]);
      } finally {
        await masking.close();
      }
    },
  );

  test('a role that sees its own statements only says so', async () => {
    expect((await topOf(reader)).output['of_all_roles']).toBe(false);
  });

  test.each([
    ['SELECT a FROM t WHERE b = $1', false],
    ['SELECT a2 FROM t3 WHERE b = $12', false],
    ['SELECT "1" FROM "it\'s"', false],
    ["SELECT 'x'", true],
    ['SELECT a FROM t WHERE b = 12', true],
    ['SELECT a FROM t WHERE b = .5', true],
    ['SELECT -1', true],
    ["SELECT E'\\\\'", true],
    ['SELECT $$x$$', true],
  ])('%s holds a constant: %s', (text, holds) => {
    expect(holdsConstant(text)).toBe(holds);
  });
});

describe('activity', () => {
  test(
    verifies('E5.relations', 'C8.no-leak', 'who waits for whom, without a word of what they run'),
    async () => {
      const { database } = world;
      const [holder, waiter] = [0, 1].map(() => new Client({ connectionString: database.url() }));
      if (holder === undefined || waiter === undefined) throw new Error('no clients');
      await holder.connect();
      await waiter.connect();
      try {
        await holder.query('BEGIN');
        await holder.query(`UPDATE app.lines SET placed = NULL WHERE '${MARKER}' <> ''`);
        await holder.query(`LOCK TABLE app.lines`);
        const waiting = waiter.query(`/* ${MARKER} */ DELETE FROM app.lines WHERE id = 1`);
        waiting.catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 300));

        const answer = await watcher.call(activity);
        const sessions = listOf(answer, 'sessions');
        const blocked = Object(sessions.find(({ blocked_by: by }) => by !== undefined));
        expect(blocked).toMatchObject({ verb: 'DELETE', state: 'active' });
        expect(blocked.wait).toMatch(/^Lock: /);
        // The one that others wait for comes first.
        expect(sessions[0]).toMatchObject({ pid: blocked.blocked_by[0], verb: 'LOCK' });
        expect(sessions[0]).toMatchObject({
          state: 'idle in transaction',
          user: expect.any(String),
        });
        expect(JSON.stringify(answer)).not.toContain(MARKER);

        const own = await reader.call(activity);
        expect(own.output['unseen']).toBeGreaterThanOrEqual(2);
        expect(listOf(own, 'sessions').every((each) => each['own'] === true)).toBe(true);
      } finally {
        await holder.end();
        await waiter.end();
      }
    },
  );
});

describe('security_posture', () => {
  test('findings, a grade, limits', async () => {
    const answer = await reader.call(securityPosture);
    expect(answer.output['grade']).toMatch(/^[A-D]$/);
    expect(listOf(answer, 'findings').map(({ id }) => id)).toContain('session.read-only');
    expect(answer.output['limits']).toMatchObject({
      mode: 'read-only',
      statement_timeout_ms: 10_000,
    });
  });

  test(
    verifies('E5.relations', 'a finding about a relation that is hidden does not name it'),
    async () => {
      const { database, reader: role } = world;
      await database.admin(
        `GRANT INSERT ON ${MARKER}_schema.${MARKER}_table TO "${role}";
         CREATE FUNCTION app.${MARKER}_definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
      );
      const caller = makeCaller(database, { role });
      try {
        const answer = await caller.call(securityPosture);
        expect(answer.output['grade']).toBe('F');
        const ids = listOf(answer, 'findings').map(({ id }) => id);
        expect(ids).toContain('role.writes');
        expect(ids).toContain('functions.definer');
        expect(JSON.stringify(answer)).not.toContain(MARKER);
      } finally {
        await caller.close();
      }
    },
  );
});
