import type { Access } from '../../policy.ts';
import type { Catalog } from '../catalog.ts';
import type { Census } from './census.ts';
import { type Complain, plainName } from './complaint.ts';
import type { Body } from './grammar/index.ts';
import { PADDED_TYPES, SAMPLE_METHODS, TYPES } from './types.ts';
import { boundOf, namesOf, nodesOf } from './values.ts';

/** `char(n)` fills each value up to n. */
const PADDED_LENGTH_MAX = 65_536;

/** Refuses all types but the listed ones, and writes out the schema of each. */
export function judgeTypes(
  census: Census,
  { access, catalog }: { readonly access: Access; readonly catalog: Catalog },
  complain: Complain,
): void {
  const isOpen = (type: Catalog['types'][number]): boolean =>
    type.extension === undefined
      ? access.schemas.includes(type.schema)
      : access.extensions.includes(type.extension);
  const open = catalog.types.filter(isOpen);

  const find = (names: readonly string[]): readonly string[] | undefined => {
    const [schema, name = ''] = names.length === 1 ? [undefined, ...names] : names;
    if (names.length > 2) return undefined;
    const isBase = schema === undefined || schema === 'pg_catalog';
    if (isBase && TYPES.has(name)) return ['pg_catalog', name];
    const [found] = open
      .filter((type) => type.name === name && (schema ?? type.schema) === type.schema)
      .toSorted((a, b) => access.schemas.indexOf(a.schema) - access.schemas.indexOf(b.schema));
    return found && [found.schema, found.name];
  };

  for (const { node } of census.all('TypeName')) {
    const names = namesOf(node.names);
    const found = find(names);
    if (found === undefined) return complain('sql.type', node, { detail: plainName(names) });
    const [length] = (node.typmods ?? []).map((each) => boundOf(each));
    if (PADDED_TYPES.has(found[1] ?? '') && (length ?? 0) > PADDED_LENGTH_MAX)
      return complain('sql.type', node, { detail: 'length' });
    node.names = nodesOf(found);
  }
}

/**
 * Refuses names that could lead out of `pg_catalog`: of operators, collations and sampling methods.
 * Operators of allowed extensions are found by the search path.
 */
export function judgeNames(census: Census, complain: Complain): void {
  for (const { node } of census.all('A_Expr')) judgeOperator(node.name, node, complain);
  for (const { node } of census.all('SubLink')) {
    if (node.operName !== undefined) judgeOperator(node.operName, node, complain);
  }
  for (const { node } of census.all('CollateClause')) {
    const name = inCatalog(namesOf(node.collname));
    node.collname = nodesOf(name ?? complain('sql.not_allowed', node, { detail: 'collation' }));
  }
  for (const { node } of census.all('RangeTableSample')) {
    const method = inCatalog(namesOf(node.method));
    if (method === undefined || !SAMPLE_METHODS.has(method[1]))
      return complain('sql.not_allowed', node, { detail: 'sampling method' });
    node.method = nodesOf(method);
  }
}

/** BETWEEN stands where an operator would, as a word. */
const OPERATOR = /^(?:[-+*/<>=~!@#%^&|`?]{1,63}|(?:NOT )?BETWEEN(?: SYMMETRIC)?)$/;

function judgeOperator(
  nodes: Body<'A_Expr'>['name'],
  at: { readonly location?: number },
  complain: Complain,
): void {
  const [name = '', ...others] = namesOf(nodes);
  if (others.length > 0 || !OPERATOR.test(name))
    complain('sql.not_allowed', at, { detail: 'operator with a schema' });
}

function inCatalog(names: readonly string[]): readonly [string, string] | undefined {
  const [name = '', schema = 'pg_catalog', ...others] = names.toReversed();
  return schema === 'pg_catalog' && others.length === 0 ? [schema, name] : undefined;
}

/** Refuses references to parameters that are not given, and parameters that nothing refers to. */
export function judgeParameters(census: Census, given: number, complain: Complain): void {
  const used = new Set<number>();
  for (const { node } of census.all('ParamRef')) {
    const number = node.number ?? 0;
    if (number < 1 || number > given) return complain('sql.parameters', node);
    used.add(number);
  }
  // PostgreSQL cannot tell the type of a parameter that stands nowhere.
  if (used.size !== given) complain('sql.parameters');
}
