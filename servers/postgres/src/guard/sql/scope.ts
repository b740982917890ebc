import type { Body } from './grammar/index.ts';

/** Names of common table expressions, the innermost first. */
export type Scope = { readonly names: ReadonlySet<string>; readonly outer: Scope } | undefined;

/** True when an unqualified name means a common table expression here. */
export function isInScope(scope: Scope, name: string): boolean {
  for (let each = scope; each !== undefined; each = each.outer) {
    if (each.names.has(name)) return true;
  }
  return false;
}

/**
 * Visits what a WITH clause holds, and returns what the rest of the statement sees.
 *
 * As PostgreSQL's `transformWithClause` does it: with RECURSIVE each expression sees all names of its
 * clause, later ones and its own; without it only the names before it, so that its own name still
 * means a table there.
 */
export function withNames(
  clause: Body<'WithClause'>,
  outer: Scope,
  visit: (expression: unknown, scope: Scope) => void,
): Scope {
  const expressions: readonly unknown[] = Array.isArray(clause.ctes) ? clause.ctes : [];
  visit(undefined, outer);
  if (clause.recursive === true) {
    const names = new Set(expressions.flatMap((expression) => nameOf(expression)));
    const scope: Scope = { names, outer };
    for (const expression of expressions) visit(expression, scope);
    return scope;
  }
  let scope = outer;
  for (const expression of expressions) {
    visit(expression, scope);
    scope = { names: new Set(nameOf(expression)), outer: scope };
  }
  return scope;
}

function nameOf(expression: unknown): readonly string[] {
  const { CommonTableExpr: body } = expression as {
    readonly CommonTableExpr?: Body<'CommonTableExpr'>;
  };
  return typeof body?.ctename === 'string' ? [body.ctename] : [];
}
