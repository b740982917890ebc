import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  bindDescribe,
  describeRelation,
  type Description,
} from '../../src/adapter/questions/describe.ts';
import type { Shown } from '../../src/adapter/questions/shown.ts';
import { type Asker, connectAsker } from './ask.ts';
import { askEverything } from './everything.ts';
import { makeWorld, MARKER, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world?.database.drop());

async function withAsker<Answer>(
  role: string | undefined,
  use: (asker: Asker) => Promise<Answer>,
): Promise<Answer> {
  const asker = await connectAsker(world.database, role);
  try {
    return await use(asker);
  } finally {
    await asker.close();
  }
}

test.each(['reader', 'insider'] as const)(
  verifies(
    'E5.relations',
    'E6.masks',
    'as the %s, no answer holds the name or the value of anything hidden',
  ),
  async (who) => {
    const answers = await withAsker(world[who], (asker) => askEverything(asker, world.shown));
    for (const answer of Object.values(answers)) expect(answer).not.toContain(MARKER);
    // Otherwise the answers were empty.
    expect(Object.values(answers).map(({ length }) => length > 20)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  },
);

test(
  verifies('E5.relations', 'what is not visible is not described, also when its number is known'),
  async () => {
    const hidden = world.hiddenOids;
    expect(hidden.length).toBeGreaterThan(3);
    await withAsker(world.insider, async (asker) => {
      for (const oid of hidden)
        expect(await asker.ask(describeRelation, bindDescribe(world.shown, oid))).toEqual([]);
    });
  },
);

/**
 * Where the marker stands when nothing is hidden: each of these texts is one that a part of a question
 * has to leave out above.
 */
describe('every way to say too much', () => {
  let all: Readonly<Record<string, Description>>;
  let some: Readonly<Record<string, Description>>;
  beforeAll(async () => {
    const describeAll = async (asker: Asker, shown: Shown) => {
      const found: Record<string, Description> = {};
      for (const name of NAMES) {
        const [row] = await asker.ask(
          describeRelation,
          bindDescribe(shown, world.oid('app', name)),
        );
        if (row !== undefined) found[name] = row;
      }
      return found;
    };
    all = await withAsker(undefined, (asker) => describeAll(asker, world.everything));
    some = await withAsker(world.insider, (asker) => describeAll(asker, world.shown));
  });

  test.each<[what: string, relation: string, of: (row: Description) => unknown]>([
    ['a default', 'people', ({ columns }) => defaultOf(columns, 'called')],
    ['the default of a masked column', 'people', ({ columns }) => defaultOf(columns, 'email')],
    ['the sequence of a default', 'people', ({ columns }) => defaultOf(columns, 'counter')],
    [
      'a generated column over a column that may not be read',
      'people',
      ({ columns }) => defaultOf(columns, 'shout_hidden'),
    ],
    ['a type', 'people', ({ columns }) => typeOf(columns, 'strange')],
    ['a row type', 'people', ({ columns }) => typeOf(columns, 'stranger')],
    ['a row type of a denied table', 'people', ({ columns }) => typeOf(columns, 'denied_row')],
    [
      'an array of rows of a table that may not be read',
      'people',
      ({ columns }) => typeOf(columns, 'closed_rows'),
    ],
    ['an array of rows', 'people', ({ columns }) => typeOf(columns, 'strangers')],
    ['a check', 'people', ({ constraints }) => constraints.map(({ expression }) => expression)],
    ['a foreign key', 'orders', ({ constraints }) => constraints],
    ['a foreign key from elsewhere', 'people', ({ referenced_by: from }) => from],
    ['an expression of an index', 'people', ({ indexes }) => indexes.map(({ keys }) => keys)],
    ['a partial index', 'people', ({ indexes }) => indexes.map(({ predicate }) => predicate)],
    ['the name of an index', 'people', ({ indexes }) => indexes.map(({ name }) => name)],
    ['a trigger', 'people', ({ triggers }) => triggers],
    ['a policy', 'documents', ({ policies }) => policies],
    ['a parent', 'heir', ({ parents }) => parents],
    ['a child', 'animals', ({ children }) => children],
    ['a partition', 'orders', ({ children }) => children],
    ['the bounds of a masked key', 'sorted', ({ children }) => children],
    ['the bounds of a masked key within a partition', 'sorted_first', ({ children }) => children],
    ['the bounds of a key that may not be read', 'sifted', ({ children }) => children],
    ['the key that may not be read', 'sifted', ({ partition_key: key }) => key],
    ['a view over a hidden table', 'people_hidden', ({ definition }) => definition],
    ['a view that calls a function', 'people_called', ({ definition }) => definition],
    ['a view with a value of a masked column', 'people_plans', ({ definition }) => definition],
  ])(verifies('E5.relations', 'E6.masks', '%s'), (_what, relation, of) => {
    const [open, shown] = [all[relation], some[relation]];
    if (open === undefined || shown === undefined) throw new Error(`${relation} is missing`);
    expect(JSON.stringify(of(open))).toContain(MARKER);
    expect(JSON.stringify(of(shown))).not.toContain(MARKER);
  });
});

const NAMES = [
  'people',
  'orders',
  'documents',
  'heir',
  'animals',
  'sorted',
  'sorted_first',
  'sifted',
  'people_hidden',
  'people_called',
  'people_plans',
];

function defaultOf(columns: Description['columns'], name: string): unknown {
  return columns.find((column) => column.name === name)?.default;
}

function typeOf(columns: Description['columns'], name: string): unknown {
  return columns.find((column) => column.name === name)?.type;
}
