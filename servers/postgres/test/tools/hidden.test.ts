import { Refusal } from '@secure-mcp/validation';
import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { resources, tools } from '../../src/tools/index.ts';
import { makeWorld, MARKER, type World } from '../questions/world.ts';
import { type Caller, makeCaller } from './caller.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.database.admin('CREATE EXTENSION pg_stat_statements SCHEMA app');
  // Statements of others, as a monitoring role sees them.
  await world.database.admin(`SELECT count(*) FROM ${MARKER}_schema.${MARKER}_table`);
  await world.database.admin(`SELECT name FROM app.people WHERE plan = '${MARKER}'`);
  await world.database.admin(`COMMENT ON TABLE app.lines IS '${MARKER}'`);
  await world.database.admin('COMMENT ON TABLE app.lines IS NULL');
  await world.database.admin(`INSERT INTO app.lines (id) VALUES (1)`);
});
afterAll(() => world?.database.drop());

/** What callers send who look for what is hidden. None of it holds the marker. */
const STATEMENTS = [
  'SELECT * FROM people ORDER BY id LIMIT 3',
  'SELECT p FROM people p LIMIT 1',
  'SELECT * FROM people_hidden',
  'SELECT * FROM people_called',
  'SELECT * FROM people_plans',
  'SELECT * FROM documents_of',
  'SELECT * FROM orders JOIN people ON person = people.id LIMIT 3',
  'SELECT * FROM animals',
  'SELECT strange FROM people LIMIT 1',
  'SELECT denied_row, closed_rows, mood FROM people LIMIT 1',
  'SELECT stranger FROM people LIMIT 1',
  'SELECT strangers FROM people LIMIT 1',
  'SELECT counter, called, shout_hidden FROM people LIMIT 1',
  'SELECT * FROM documents',
  'SELECT count(*) FROM order_totals',
  'SELECT plan::int FROM people',
  'SELECT * FROM nowhere',
];

const RELATIONS = [
  'app.people',
  'app.orders',
  'app.orders_2026',
  'app.documents',
  'app.documents_of',
  'app.animals',
  'app.heir',
  'app.people_hidden',
  'app.people_called',
  'app.people_plans',
  'app.large',
  'app.lines',
  'app.nearly',
];

/** What each tool is asked. */
const CALLS: Readonly<Record<string, readonly object[]>> = {
  query: STATEMENTS.map((sql) => ({ sql })),
  explain: STATEMENTS.flatMap((sql) => [
    { sql, format: 'json' },
    { sql, format: 'json', analyze: true },
  ]),
  search_objects: [
    { detail: 'full' },
    { kinds: ['function'], detail: 'full' },
    { kinds: ['column'], detail: 'full', limit: 1000 },
  ],
  describe_object: RELATIONS.map((name) => ({ name })),
  browse_rows: RELATIONS.map((table) => ({ table, limit: 2 })),
  database_health: [{}],
  top_queries: ['total', 'mean', 'rows', 'io'].map((order) => ({ order_by: order, limit: 50 })),
  index_advice: [{}],
  security_posture: [{}],
  activity: [{}],
};

function textOf(error: unknown): string {
  if (!(error instanceof Refusal)) throw error;
  return `${error.code} ${error.message} ${error.detail ?? ''}`;
}

describe.each(['reader', 'insider', 'watcher'] as const)('as the %s', (who) => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller(world.database, { role: world[who] });
  });
  afterAll(() => caller?.close());

  test.each(tools.map((tool) => [tool.name, tool] as const))(
    verifies('E5.relations', 'E6.masks', 'C8.no-leak', '%s says nothing of what is hidden'),
    async (name, tool) => {
      const asked = CALLS[name] ?? [];
      expect(asked.length).toBeGreaterThan(0);
      let answered = 0;
      for (const args of asked) {
        const said = await caller.call(tool, args).then(({ output, text }) => {
          answered += 1;
          return JSON.stringify(output) + text;
        }, textOf);
        expect([args, said.includes(MARKER)]).toEqual([args, false]);
      }
      expect(answered).toBeGreaterThan(0);
    },
  );

  test(verifies('E5.relations', 'resources and completions neither'), async () => {
    const { context } = caller;
    const uris = [
      'pg://shop/schema',
      'pg://shop/posture',
      ...RELATIONS.map((name) => `pg://shop/${name.replace('.', '/')}`),
    ];
    for (const uri of uris) {
      const resource = resources.find(({ matches }) => matches?.(uri) === true);
      const said = await resource?.read(uri, context).then(JSON.stringify, textOf);
      expect(said).not.toContain(MARKER);
    }
    for (const variable of ['database', 'schema', 'table']) {
      const known = { database: 'shop', schema: 'app' };
      const completions = await Promise.all(
        resources.map((each) => each.complete(variable, '', known, context)),
      );
      expect(completions.flat().length).toBeGreaterThan(0);
      expect(JSON.stringify(completions)).not.toContain(MARKER);
    }
  });

  test.each([`app.${MARKER}_denied`, `${MARKER}_schema.${MARKER}_table`, 'app.missing'])(
    verifies('E5.relations', 'C8.uniform', '%s is refused as if it did not exist'),
    async (name) => {
      const refusals = [];
      for (const [tool, args] of [
        ['describe_object', { name }],
        ['browse_rows', { table: name }],
      ] as const) {
        const found = tools.find((each) => each.name === tool);
        if (found === undefined) throw new Error(tool);
        refusals.push(await caller.call(found, args).catch((error: unknown) => error));
      }
      for (const refusal of refusals)
        expect(refusal).toMatchObject({
          code: 'relation.unknown',
          message: 'There is no such relation, or you may not read it.',
        });
    },
  );
});
