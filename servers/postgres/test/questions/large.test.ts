import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { bindCounted, countFindings } from '../../src/adapter/questions/counted.ts';
import { bindDescribe, describeRelation } from '../../src/adapter/questions/describe.ts';
import { bindOutline, outlineRelations } from '../../src/adapter/questions/outline.ts';
import { bindSearch, searchObjects } from '../../src/adapter/questions/search.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';
import { type Asker, connectAsker } from './ask.ts';

const TABLES = 500;
/** Generous: a shared machine. Measured: 30 ms for the fullest answer. */
const MS_MAX = 2000;

let database: TestDatabase;
let asker: Asker;
let oids: readonly number[];
beforeAll(async () => {
  database = await makeDatabase();
  await database.admin(`
    CREATE SCHEMA app;
    DO $$ BEGIN FOR n IN 1..${String(TABLES)} LOOP
      EXECUTE format('CREATE TABLE app.t%1$s (
        id int PRIMARY KEY, other int REFERENCES app.t%1$s, a text DEFAULT ''x'', b int CHECK (b > 0),
        c date, d text, e text, f text, g text, h text)', n);
      EXECUTE format('CREATE INDEX ON app.t%s (lower(a))', n);
      EXECUTE format('COMMENT ON TABLE app.t%1$s IS ''Table %1$s''', n);
    END LOOP; END $$`);
  const rows = await database.admin(
    `SELECT oid::int8::float8 AS oid FROM pg_class
     WHERE relnamespace = 'app'::regnamespace AND relkind = 'r'`,
  );
  oids = rows.map(({ oid }) => Number(oid));
  asker = await connectAsker(database);
});
afterAll(async () => {
  await asker?.close();
  await database?.drop();
});

async function timed<Answer>(work: () => Promise<Answer>): Promise<readonly [Answer, number]> {
  const start = performance.now();
  const answer = await work();
  return [answer, performance.now() - start];
}

test(
  verifies(
    'C10.rows',
    'a schema of 500 tables is searched, outlined and judged in one statement each',
  ),
  async () => {
    const shown = { relations: oids, schemas: ['app'], masks: [] };
    const search = {
      pattern: undefined,
      kinds: [],
      schema: undefined,
      detail: 'full',
      skip: 0,
      limit: 1000,
      functions: true,
    } as const;
    const [found, searchMs] = await timed(() =>
      asker.ask(searchObjects, bindSearch(shown, search)),
    );
    const [outlined, outlineMs] = await timed(() =>
      asker.ask(outlineRelations, bindOutline(shown, TABLES)),
    );
    const [counted, countMs] = await timed(() => asker.ask(countFindings, bindCounted(shown)));
    const [described, describeMs] = await timed(() =>
      asker.ask(describeRelation, bindDescribe(shown, oids[0] ?? 0)),
    );
    expect(asker.statements()).toBe(4);
    expect(found).toHaveLength(TABLES);
    expect(found[0]?.columns).toHaveLength(10);
    expect(outlined).toHaveLength(TABLES);
    expect(counted.find(({ finding }) => finding === 'foreign key without index')?.count).toBe(
      TABLES,
    );
    expect(described).toHaveLength(1);
    const times = [searchMs, outlineMs, countMs, describeMs];
    console.log('search, outline, count, describe:', times.map(Math.round).join(', '), 'ms');
    expect(Math.max(...times)).toBeLessThan(MS_MAX);
  },
);

test('a list of findings has an end', async () => {
  const counted = await asker.ask(countFindings, bindCounted({ relations: oids }));
  for (const { named } of counted) expect(named.length).toBeLessThanOrEqual(20);
});
