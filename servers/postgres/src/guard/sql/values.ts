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
  if ('TypeCast' in node) return boundOfCast(node.TypeCast);
  if (!('MinMaxExpr' in node) || node.MinMaxExpr.op !== 'IS_LEAST') return undefined;
  const bounds = (node.MinMaxExpr.args ?? []).flatMap((each) => boundOf(each) ?? []);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

/** Rounds up: a cast to a whole number does, too. */
function boundOfCast({ arg, typeName }: Body<'TypeCast'>): number | undefined {
  const bound = arg && isNumber(typeName) ? boundOf(arg) : undefined;
  return bound === undefined ? undefined : Math.ceil(bound);
}

/** Types that keep a number as it is. A `bit(n)` fills it up with zeros, and a negative scale rounds it up. */
const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'numeric']);

function isNumber(type: Body<'TypeName'> | undefined): boolean {
  return NUMBERS.has(lastName(type?.names)) && (type?.typmods ?? []).length === 0;
}

function numberOf({ ival, fval }: Body<'A_Const'>): number | undefined {
  const number = ival === undefined ? Number(fval?.fval) : (ival.ival ?? 0);
  return Number.isFinite(number) ? number : undefined;
}

/** The product of an array of constants: how many cells it stands for as dimensions. */
export function productOf(node: Ast.Node): number | undefined {
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    return arg && isNumber(typeName) ? productOf(arg) : undefined;
  }
  if (!('A_ArrayExpr' in node)) return undefined;
  return (node.A_ArrayExpr.elements ?? []).reduce((product: number | undefined, each) => {
    const bound = boundOf(each);
    return product === undefined || bound === undefined
      ? undefined
      : product * Math.max(0, Math.ceil(bound));
  }, 1);
}

/** Digits of the longest `numeric`, before and after its point. */
export const DIGITS_MAX = 131_072 + 16_384;
const NUMBER = /^\s*[+-]?[\d._]+e[+-]?[\d_]+\s*$/i;
/** Begins JSON, an array, a range or a row: all of them can hold numbers. */
const HOLDS_NUMBERS = /^\s*[[{(]/;

/** How long a constant can be when it is written out: `1e131071` is a number of 131 072 digits. */
export function writtenLength(value: Body<'A_Const'>): number | undefined {
  const text = value.fval?.fval ?? textOf(value);
  if (text === undefined || !(NUMBER.test(text) || HOLDS_NUMBERS.test(text))) return text?.length;
  const exponents = text.matchAll(/[\d.]e[+-]?([\d_]+)/gi);
  return [...exponents].reduce(
    (sum, [, digits = '']) => sum + Math.min(Number(digits.replaceAll('_', '')), DIGITS_MAX),
    text.length,
  );
}
