import { type Access, isSame, type QualifiedName } from '../../policy.ts';
import type { Catalog, CatalogFunction } from '../catalog.ts';
import type { Census } from './census.ts';
import { type Complain, plainName } from './complaint.ts';
import { ARGUMENTS, FUNCTIONS, HARMLESS_ATTRIBUTES } from './functions.ts';
import { namesOf, nodesOf } from './values.ts';

/** The functions that one caller may call. */
export interface Functions {
  /** Where a function lives that may be called by these names. */
  find(names: readonly string[]): QualifiedName | undefined;
  /** True when `x.name` is no call, or a call that is harmless. */
  isHarmlessAttribute(name: string): boolean;
}

/**
 * Puts together what may be called: the list for `pg_catalog`, what allowed extensions bring, and
 * what the operator vouches for.
 *
 * A name counts only when each of its overloads is fit, for the server chooses among them by the
 * types of the arguments.
 */
export function createFunctions(access: Access, catalog: Catalog): Functions {
  const isFit = (each: CatalogFunction): boolean =>
    each.isTrusted && !each.isSecurityDefiner && isNamed(each);
  const isNamed = (each: CatalogFunction): boolean =>
    (each.extension !== undefined && access.extensions.includes(each.extension)) ||
    access.functions.some((name) => isSame(name, each));
  const overloads = Map.groupBy(catalog.functions, ({ schema, name }) =>
    JSON.stringify([schema, name]),
  );
  const fit = [...overloads.values()].flatMap((each) =>
    each.every(isFit) ? each.slice(0, 1) : [],
  );
  const attributes = new Set(catalog.attributes);
  // A catalog that knows of none has not been read.
  const isCall = (name: string): boolean => attributes.size === 0 || attributes.has(name);

  const find = (names: readonly string[]): QualifiedName | undefined => {
    const [schema, name = ''] = names.length === 1 ? [undefined, ...names] : names;
    if (names.length > 2) return undefined;
    if (schema === undefined || schema === 'pg_catalog') {
      if (FUNCTIONS.has(name)) return { schema: 'pg_catalog', name };
    }
    return fit.find((each) => each.name === name && (schema ?? each.schema) === each.schema);
  };
  return {
    find,
    isHarmlessAttribute: (name) =>
      !isCall(name) || HARMLESS_ATTRIBUTES.has(name) || find([name]) !== undefined,
  };
}

/** Refuses calls of anything else, and writes out the schema of each call that is left. */
export function judgeCalls(census: Census, functions: Functions, complain: Complain): void {
  for (const { node } of census.all('FuncCall')) {
    const names = namesOf(node.funcname);
    const found = functions.find(names);
    if (found === undefined) return complain('sql.function', node, { detail: plainName(names) });
    const count = found.schema === 'pg_catalog' ? ARGUMENTS[found.name] : undefined;
    if (count !== undefined && (node.args?.length !== count || node.func_variadic === true))
      return complain('sql.function', node, { detail: `${found.name} with other arguments` });
    node.funcname = nodesOf([found.schema, found.name]);
  }
}

/**
 * Refuses `x.name` where it could be the call of a function.
 *
 * Where no column has that name, PostgreSQL calls a function of that name with `x`, so that
 * `('/etc/passwd'::text).pg_read_file` reads a file, and no call stands in the tree.
 */
export function judgeAttributes(census: Census, functions: Functions, complain: Complain): void {
  const judge = (name: string, at: { readonly location?: number }): void => {
    if (functions.isHarmlessAttribute(name)) return;
    complain('sql.function', at, {
      detail: `attribute ${plainName([name])}`,
      advice: 'Write a column of this name without its table.',
    });
  };
  for (const { node } of census.all('ColumnRef')) {
    const names = namesOf(node.fields);
    // The fourth would be a database.
    if (names.length > 3) complain('sql.not_allowed', node, { detail: 'long name' });
    const [, ...behind] = names;
    const last = behind.at(-1);
    if (last !== undefined) judge(last, node);
  }
  for (const { node } of census.all('A_Indirection')) {
    for (const name of namesOf(node.indirection)) judge(name, {});
  }
}
