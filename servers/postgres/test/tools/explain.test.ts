import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { explain } from '../../src/tools/explain.ts';
import { makeWorld, MARKER, type World } from '../questions/world.ts';
import { ACCESS, type Answer, type Caller, makeCaller } from './caller.ts';

let world: World;
let caller: Caller;
beforeAll(async () => {
  world = await makeWorld();
  caller = makeCaller(world.database, { role: world.insider });
});
afterAll(async () => {
  await caller?.close();
  await world?.database.drop();
});

function explained(sql: string, more: object = {}, by = caller): Promise<Answer> {
  return by.call(explain, { sql, format: 'json', ...more });
}

test('a plan: cost, steps, whole reads, measures', async () => {
  const sql = 'SELECT * FROM large WHERE note = $1 ORDER BY id';
  const { output } = await explained(sql, { params: ['x'], analyze: true });
  expect(output['measures']).toMatchObject({
    total_cost: expect.any(Number),
    execution_ms: expect.any(Number),
  });
  expect(Object(output['steps']).length).toBeGreaterThan(1);
  expect(output['plan']).toContain('note');
});

test('a plan of whole reads, estimates that miss, and work that does not fit into memory', async () => {
  const sql = 'SELECT a.id FROM large a JOIN large b ON a.id = b.id + 1 ORDER BY a.note, b.note';
  const { output } = await explained(sql, { analyze: true });
  expect(Object(output['measures']).sequential_scans).toEqual(['large']);
  expect(Object(output['measures']).worst_estimate_ratio).toBeGreaterThan(10);
});

test('without analyze nothing is run', async () => {
  const start = performance.now();
  const { output } = await explained(
    'SELECT count(*) FROM large a, large b, large c WHERE a.id + b.id + c.id = 0',
  );
  expect(performance.now() - start).toBeLessThan(5000);
  expect(Object(output['measures']).execution_ms).toBeUndefined();
});

test(
  verifies('E6.masks', 'a plan of a masked column says neither its mask nor its condition'),
  async () => {
    const { output, text } = await explained("SELECT name FROM people WHERE email = 'constant'");
    expect(Object(output['measures']).withheld).toBe(true);
    expect(`${String(output['plan'])} ${text}`).not.toMatch(/Filter|constant|masked\]|Plan Rows/);
  },
);

test(
  verifies('E5.rows', 'a plan under row-level security says nothing of the policy or the count'),
  async () => {
    const { output, text } = await explained('SELECT * FROM documents', { analyze: true });
    expect(Object(output['measures']).withheld).toBe(true);
    expect(`${String(output['plan'])} ${text}`).not.toMatch(/Filter|tenant|Rows|current_user/i);
    expect(`${String(output['plan'])} ${text}`).toContain('(hidden)');
  },
);

test(verifies('E5.relations', 'a partition that is hidden has no name in a plan'), async () => {
  const { output } = await explained('SELECT * FROM orders');
  expect(output['plan']).toContain('(hidden)');
  expect(output['plan']).toContain('orders_2025');
  expect(JSON.stringify(output)).not.toContain(MARKER);
});

test('an index that the role may not see has no name in a plan', async () => {
  await world.database.admin(
    `CREATE INDEX ${MARKER}_index ON app.people (born, ${MARKER}_hidden);
     CREATE INDEX lines_placed ON app.lines (placed)`,
  );
  const { output } = await explained(
    "SELECT id FROM lines WHERE placed = '2025-01-01' ORDER BY placed, id",
  );
  expect(JSON.stringify(output)).not.toContain(MARKER);
  const unmasked = makeCaller(world.database, {
    role: world.reader,
    access: { ...ACCESS, masks: [] },
  });
  try {
    const sql = "SELECT born FROM people WHERE born < '1900-01-01' ORDER BY born LIMIT 1";
    const { output: plan } = await explained(sql, {}, unmasked);
    expect(JSON.stringify(plan)).not.toContain(MARKER);
  } finally {
    await unmasked.close();
  }
});

test(
  verifies('E5.relations', 'where an operator vouches for functions, a plan may hold their bodies'),
  async () => {
    const vouching = makeCaller(world.database, {
      role: world.insider,
      access: { ...ACCESS, functions: [{ schema: 'app', name: 'rows_of' }] },
    });
    try {
      const { output } = await explained(
        'SELECT * FROM app.rows_of() AS r WHERE id > 0',
        {},
        vouching,
      );
      expect(Object(output['measures']).withheld).toBe(true);
      expect(JSON.stringify(output)).not.toContain(MARKER);
    } finally {
      await vouching.close();
    }
  },
);
