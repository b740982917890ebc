import type * as Ast from '@pgsql/types';

import type { Body } from './grammar/index.ts';

/** The strings of a list of names. */
export function namesOf(nodes: readonly Ast.Node[] | undefined): readonly string[] {
  return (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));
}

/** The name itself, without its schema. */
export function lastName(nodes: readonly Ast.Node[] | undefined): string {
  return namesOf(nodes).at(-1) ?? '';
}

/** Names as the parser has them. */
export function nodesOf(names: readonly string[]): Ast.Node[] {
  return names.map((sval) => ({ String: { sval } }));
}

/** A string constant. */
export function textOf(value: Body<'A_Const'>): string | undefined {
  return value.sval === undefined ? undefined : (value.sval.sval ?? '');
}

/** The largest number that an expression can be, as far as the statement itself says it. */
export function boundOf(node: Ast.Node): number | undefined {
  if ('A_Const' in node) return numberOf(node.A_Const);
  if ('TypeCast' in node) return node.TypeCast.arg && boundOf(node.TypeCast.arg);
  if (!('MinMaxExpr' in node) || node.MinMaxExpr.op !== 'IS_LEAST') return undefined;
  const bounds = (node.MinMaxExpr.args ?? []).flatMap((each) => boundOf(each) ?? []);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function numberOf({ ival, fval }: Body<'A_Const'>): number | undefined {
  const number = ival === undefined ? Number(fval?.fval) : (ival.ival ?? 0);
  return Number.isFinite(number) ? number : undefined;
}

/** The product of an array of constants: how many cells it stands for as dimensions. */
export function productOf(node: Ast.Node): number | undefined {
  if ('TypeCast' in node) return node.TypeCast.arg && productOf(node.TypeCast.arg);
  if (!('A_ArrayExpr' in node)) return undefined;
  return (node.A_ArrayExpr.elements ?? []).reduce((product: number | undefined, each) => {
    const bound = boundOf(each);
    return product === undefined || bound === undefined ? undefined : product * Math.max(0, bound);
  }, 1);
}
