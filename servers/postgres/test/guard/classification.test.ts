import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FUNCTIONS, HARMLESS_ATTRIBUTES } from '../../src/guard/sql/functions.ts';
import { GRAMMAR } from '../../src/guard/sql/grammar/index.ts';
import { SIZE_RULES } from '../../src/guard/sql/size-rules.ts';
import { TYPES } from '../../src/guard/sql/types.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';
import {
  CLOSED_FIELDS,
  CLOSED_VALUES,
  DENIED_FUNCTIONS,
  DENIED_NODES,
  DENIED_TYPES,
  type Reasons,
} from './denied.ts';

/**
 * The grammar as the authors of the parser wrote it down: a list of all nodes, their fields and the
 * kinds of these. It is read as text, so that it owes nothing to our own table.
 */
function grammarOfParser() {
  const folder = dirname(createRequire(import.meta.url).resolve('@pgsql/types'));
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const text = read('types.d.ts');
  const union = text.slice(text.indexOf('export type Node ='), text.indexOf('export interface'));
  const nodes = [...union.matchAll(/^ {4}(\w+): \1;/gm)].map(([, name = '']) => name);
  const fields = new Map(
    [...text.matchAll(/^export interface (\w+) \{(.*?)^\}/gms)].map(([, name = '', body = '']) => [
      name,
      new Map(
        [...body.matchAll(/^ {4}(\w+)\?: (.+);$/gm)].map(([, field = '', kind = '']) => [
          field,
          kind,
        ]),
      ),
    ]),
  );
  const values = new Map(
    [...read('enums.d.ts').matchAll(/^export type (\w+) = (.+);$/gm)].map(
      ([, name = '', list = '']) => [
        name,
        [...list.matchAll(/"(\w+)"/g)].map(([, value = '']) => value),
      ],
    ),
  );
  return { nodes, fields, values };
}

const reasonFor = (reasons: Reasons, name: string) =>
  reasons.find(([pattern]) => pattern.test(name));

/** Patterns that fit nothing any more promise something about nothing. */
function expectAlive(reasons: Reasons, names: readonly string[]) {
  const dead = reasons.filter(([pattern]) => !names.some((name) => pattern.test(name)));
  expect(dead).toEqual([]);
}

describe('the grammar', () => {
  const { nodes, fields, values } = grammarOfParser();
  const rules = Object.entries<Readonly<Record<string, unknown>>>(GRAMMAR);

  it('is read in full', () => {
    expect(nodes.length).toBeGreaterThan(270);
    expect(nodes.toSorted()).toEqual([...fields.keys()].toSorted());
    expect(fields.get('SelectStmt')?.size).toBe(20);
  });

  it(verifies('C2.unclassified', 'each node is allowed, or denied for a reason'), () => {
    const denied = nodes.filter((name) => !Object.hasOwn(GRAMMAR, name));
    expect(denied.filter((name) => reasonFor(DENIED_NODES, name) === undefined)).toEqual([]);
    expect(Object.keys(GRAMMAR).filter((name) => reasonFor(DENIED_NODES, name))).toEqual([]);
    expectAlive(DENIED_NODES, denied);
  });

  it(
    verifies(
      'C2.unclassified',
      'each field of an allowed node has the rule of its kind, or is closed for a reason',
    ),
    () => {
      const wrong: string[] = [];
      const closed: string[] = [];
      for (const [name, own] of rules) {
        const kinds = fields.get(name) ?? new Map<string, string>();
        if (Object.keys(own).toSorted().join() !== [...kinds.keys()].toSorted().join())
          wrong.push(name);
        for (const [field, kind] of kinds) {
          const rule = own[field];
          if (rule === 'closed') closed.push(`${name}.${field}`);
          else if (!fits(rule, kind)) wrong.push(`${name}.${field}: ${kind}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(closed.filter((field) => reasonFor(CLOSED_FIELDS, field) === undefined)).toEqual([]);
      expectAlive(CLOSED_FIELDS, closed);
    },
  );

  it(
    verifies(
      'C2.unclassified',
      'each value of an allowed field is allowed, or closed for a reason',
    ),
    () => {
      const closed: string[] = [];
      for (const [name, own] of rules) {
        for (const [field, rule] of Object.entries(own)) {
          if (!Array.isArray(rule)) continue;
          const all = values.get(fields.get(name)?.get(field) ?? '') ?? [];
          expect([name, field, rule.filter((value) => !all.includes(String(value)))]).toEqual([
            name,
            field,
            [],
          ]);
          closed.push(
            ...all.filter((value) => !rule.includes(value)).map((value) => `${name}.${value}`),
          );
        }
      }
      expect(closed.filter((value) => reasonFor(CLOSED_VALUES, value) === undefined)).toEqual([]);
      expectAlive(CLOSED_VALUES, closed);
    },
  );

  function fits(rule: unknown, kind: string): boolean {
    if (Array.isArray(rule)) return values.has(kind);
    const expected: Readonly<Record<string, readonly unknown[]>> = {
      Node: ['node'],
      'Node[]': ['nodes'],
      boolean: ['flag'],
      number: ['number', 'place'],
      string: ['text'],
    };
    return (expected[kind] ?? [kind]).includes(rule);
  }
});

/** Functions that no name leads to but a type, an operator, an index, an aggregate, a language. */
const MACHINERY = `
  SELECT oprcode::oid AS oid FROM pg_operator
  UNION SELECT oprrest::oid FROM pg_operator UNION SELECT oprjoin::oid FROM pg_operator
  UNION SELECT amproc::oid FROM pg_amproc UNION SELECT amhandler::oid FROM pg_am
  UNION SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript]::oid[]) FROM pg_type
  UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate
  UNION SELECT prosupport::oid FROM pg_proc UNION SELECT conproc::oid FROM pg_conversion
  UNION SELECT unnest(ARRAY[lanplcallfoid, laninline, lanvalidator]) FROM pg_language`;

describe('functions', () => {
  let database: TestDatabase;
  let names: readonly string[];

  beforeAll(async () => {
    database = await makeDatabase();
    const rows = await database.admin(`
      SELECT DISTINCT proname AS name FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND oid NOT IN (SELECT oid FROM (${MACHINERY}) m)
      ORDER BY 1`);
    names = rows.map(({ name }) => String(name));
  });
  afterAll(async () => database.drop());

  const snapshot = (major: number) =>
    readFileSync(new URL(`functions-${String(major)}.txt`, import.meta.url), 'utf8')
      .trim()
      .split(/\s+/);
  const unclassified = (list: readonly string[]) =>
    list.filter((name) => !FUNCTIONS.has(name) && reasonFor(DENIED_FUNCTIONS, name) === undefined);

  it(
    verifies(
      'C2.unclassified',
      'each function of the running server is allowed, or denied for a reason',
    ),
    () => {
      expect(names.length).toBeGreaterThan(850);
      expect(unclassified(names)).toEqual([]);
    },
  );

  it(
    verifies(
      'C2.unclassified',
      'each function of the oldest and the newest version is allowed, or denied for a reason',
    ),
    () => {
      const all = [15, 18].flatMap(snapshot);
      expect(unclassified(all)).toEqual([]);
      expect([...FUNCTIONS].filter((name) => reasonFor(DENIED_FUNCTIONS, name))).toEqual([]);
      expectAlive(DENIED_FUNCTIONS, all);
    },
  );

  it('that are allowed exist, in the newest version at least', async () => {
    const rows = await database.admin(
      `SELECT DISTINCT proname AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace`,
    );
    const known = new Set([...snapshot(18), ...rows.map(({ name }) => String(name))]);
    expect([...FUNCTIONS].filter((name) => !known.has(name))).toEqual([]);
    expect([...SIZE_RULES.keys()].filter((name) => !FUNCTIONS.has(name))).toEqual([]);
  });

  it(
    verifies(
      'C2.unclassified',
      'no form of an allowed function takes what it could look up or run',
    ),
    async () => {
      // A reg… argument would look a name up; a refcursor, an internal or a cstring is no value of a query.
      const rows = await database.admin(
        `SELECT p.oid::regprocedure::text AS form FROM pg_proc p
       WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1) AND (prosecdef OR EXISTS (
         SELECT FROM unnest(proargtypes) t
         WHERE t::regtype::text ~ '^(reg|refcursor|internal|cstring|pg_|trigger)'))`,
        [[...FUNCTIONS]],
      );
      const forms = rows.map(({ form }) => String(form).replace(/^pg_catalog\./, ''));
      expect(forms.filter((form) => !KNOWN_FORMS.some((known) => known.test(form)))).toEqual([]);
    },
  );

  it(
    verifies(
      'C2.unclassified',
      'a column may have the name of a function only when that does no harm',
    ),
    async () => {
      const rows = await database.admin(
        `SELECT p.oid::regprocedure::text AS form FROM pg_proc p
       WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1)
         AND pronargs >= 1 AND pronargs - pronargdefaults <= 1 AND prokind = 'f'
         AND oid NOT IN (SELECT oid FROM (${MACHINERY}) m) AND oid NOT IN (SELECT castfunc FROM pg_cast)`,
        [[...HARMLESS_ATTRIBUTES]],
      );
      const forms = rows.map(({ form }) => String(form).replace('pg_catalog.', ''));
      // One writes XML as text, and one is called by TABLESAMPLE alone.
      expect(forms.toSorted()).toEqual(['system(internal)', 'text(xml)']);
    },
  );

  it(verifies('C2.unclassified', 'an operator computes, and no more'), async () => {
    const rows = await database.admin(`
      SELECT DISTINCT p.proname AS name, p.prosecdef OR p.provolatile = 'v' AS odd
      FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oprnamespace = 'pg_catalog'::regnamespace`);
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.filter(({ odd }) => odd === true)).toEqual([]);
    const reasons = rows.map(({ name }) => reasonFor(DENIED_FUNCTIONS, String(name))?.[1]);
    // Places in the WAL can be compared; no statement can name their type.
    expect([...new Set(reasons)]).toEqual([undefined, 'belongs to WAL and replication']);
  });

  it(
    verifies(
      'C2.unclassified',
      'each type of the running server is allowed, or denied for a reason',
    ),
    async () => {
      const rows = await database.admin(`
      SELECT typname AS name FROM pg_type
      WHERE typnamespace = 'pg_catalog'::regnamespace AND typrelid = 0 AND typcategory <> 'A'`);
      const all = rows.map(({ name }) => String(name));
      const denied = all.filter((name) => !TYPES.has(name));
      expect(denied.filter((name) => reasonFor(DENIED_TYPES, name) === undefined)).toEqual([]);
      expect(
        [...TYPES].filter((name) => !all.includes(name) || reasonFor(DENIED_TYPES, name)),
      ).toEqual([]);
      expectAlive(DENIED_TYPES, denied);
    },
  );
});

/** Forms that take the name of a configuration of text search, which says how words are cut, or compare places in the WAL. */
const KNOWN_FORMS = [/^\w+\(regconfig,/, /^(?:max|min)\(pg_lsn\)/];
