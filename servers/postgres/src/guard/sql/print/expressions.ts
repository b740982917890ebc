import type * as Ast from '@pgsql/types';

import type { Body } from '../grammar/index.ts';
import { namesOf } from '../values.ts';
import type { Print, Printers } from './print.ts';
import {
  clause,
  inParentheses,
  list,
  qualified,
  quoteIdentifier,
  quoteText,
  words,
} from './words.ts';

const BOOLEAN_TESTS: Readonly<Record<string, string>> = {
  IS_TRUE: 'IS TRUE',
  IS_NOT_TRUE: 'IS NOT TRUE',
  IS_FALSE: 'IS FALSE',
  IS_NOT_FALSE: 'IS NOT FALSE',
  IS_UNKNOWN: 'IS UNKNOWN',
  IS_NOT_UNKNOWN: 'IS NOT UNKNOWN',
};

const BETWEEN: Readonly<Record<string, string>> = {
  AEXPR_BETWEEN: 'BETWEEN',
  AEXPR_NOT_BETWEEN: 'NOT BETWEEN',
  AEXPR_BETWEEN_SYM: 'BETWEEN SYMMETRIC',
  AEXPR_NOT_BETWEEN_SYM: 'NOT BETWEEN SYMMETRIC',
};

/** An operator between, or before, its operands. */
function operation(
  { kind = 'AEXPR_OP', name, lexpr, rexpr }: Body<'A_Expr'>,
  print: Print,
): string {
  const [sign = ''] = namesOf(name);
  const left = lexpr === undefined ? '' : print.operand(lexpr);
  const items = rexpr !== undefined && 'List' in rexpr ? rexpr.List.items : undefined;
  if (items !== undefined) return withList({ kind, sign, left, items: print.operands(items) });
  const right = print.operand(rexpr);
  switch (kind) {
    case 'AEXPR_OP_ANY':
      return words(left, sign, 'ANY', `(${right})`);
    case 'AEXPR_OP_ALL':
      return words(left, sign, 'ALL', `(${right})`);
    case 'AEXPR_DISTINCT':
      return words(left, 'IS DISTINCT FROM', right);
    case 'AEXPR_NOT_DISTINCT':
      return words(left, 'IS NOT DISTINCT FROM', right);
    case 'AEXPR_NULLIF':
      return `NULLIF(${list([left, right])})`;
    default:
      return words(left, sign, right);
  }
}

interface WithList {
  readonly kind: string;
  readonly sign: string;
  readonly left: string;
  readonly items: readonly string[];
}

function withList({ kind, sign, left, items }: WithList): string {
  const between = BETWEEN[kind];
  if (between !== undefined) return words(left, between, items.join(' AND '));
  return words(left, sign === '=' ? 'IN' : 'NOT IN', inParentheses(items));
}

function constant({ ival, fval, boolval, sval, bsval }: Body<'A_Const'>): string {
  if (sval !== undefined) return quoteText(sval.sval ?? '');
  if (bsval !== undefined) return bits(bsval.bsval ?? '');
  if (boolval !== undefined) return String(boolval.boolval === true).toUpperCase();
  return ival === undefined ? (fval?.fval ?? 'NULL') : String(ival.ival ?? 0);
}

/** The parser keeps the letter of B'101' and X'1F' in front. */
const bits = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${quoteText(text.slice(1))}`;

function call(body: Body<'FuncCall'>, print: Print): string {
  const args = (body.args ?? []).map((arg, index) =>
    words(
      body.func_variadic === true && index === (body.args?.length ?? 0) - 1 && 'VARIADIC',
      print.node(arg),
    ),
  );
  const order = clause('ORDER BY', list(print.nodes(body.agg_order)));
  const isWithin = body.agg_within_group === true;
  const inside = words(
    body.agg_distinct === true && 'DISTINCT',
    body.agg_star === true ? '*' : list(args),
    !isWithin && order,
  );
  return words(
    `${qualified(namesOf(body.funcname))}(${inside})`,
    isWithin && `WITHIN GROUP (${order ?? ''})`,
    body.agg_filter !== undefined && `FILTER (WHERE ${print.node(body.agg_filter)})`,
    clause('OVER', overOf(body.over, print)),
  );
}

/** `OVER w` names a window; anything else stands in parentheses. */
export function overOf(over: Body<'WindowDef'> | undefined, print: Print): string | undefined {
  if (over?.name !== undefined) return quoteIdentifier(over.name);
  return over && `(${print.as('WindowDef', over) ?? ''})`;
}

function typeName({ names, typmods, arrayBounds }: Body<'TypeName'>, print: Print): string {
  const lengths = print.nodes(typmods);
  const bounds = (arrayBounds ?? []).map((bound) => {
    const length = 'Integer' in bound ? (bound.Integer.ival ?? 0) : -1;
    return length === -1 ? '[]' : `[${String(length)}]`;
  });
  return [qualified(namesOf(names)), lengths.length > 0 && inParentheses(lengths), ...bounds]
    .filter((part) => part !== false)
    .join('');
}

function subLink(body: Body<'SubLink'>, print: Print): string {
  const query = `(${print.node(body.subselect)})`;
  const [sign] = namesOf(body.operName);
  switch (body.subLinkType) {
    case 'EXISTS_SUBLINK':
      return `EXISTS ${query}`;
    case 'ARRAY_SUBLINK':
      return `ARRAY ${query}`;
    case 'ALL_SUBLINK':
      return words(print.operand(body.testexpr), sign, 'ALL', query);
    case 'ANY_SUBLINK':
      return words(print.operand(body.testexpr), sign === undefined ? 'IN' : `${sign} ANY`, query);
    default:
      return query;
  }
}

function valueFunction({ op, typmod = -1 }: Body<'SQLValueFunction'>): string {
  const word = (op ?? '').replace('SVFOP_', '');
  return word.endsWith('_N') ? `${word.slice(0, -2)}(${String(typmod)})` : word;
}

function indirection(nodes: readonly Ast.Node[] | undefined, print: Print): string {
  const steps = (nodes ?? []).map((node) => {
    if ('String' in node) return `.${quoteIdentifier(node.String.sval ?? '')}`;
    return 'A_Star' in node ? '.*' : print.node(node);
  });
  return steps.join('');
}

export const EXPRESSION_PRINTERS: Printers<
  | 'A_ArrayExpr'
  | 'A_Const'
  | 'A_Expr'
  | 'A_Indices'
  | 'A_Indirection'
  | 'A_Star'
  | 'BoolExpr'
  | 'BooleanTest'
  | 'CaseExpr'
  | 'CaseWhen'
  | 'CoalesceExpr'
  | 'CollateClause'
  | 'ColumnRef'
  | 'FuncCall'
  | 'GroupingFunc'
  | 'MinMaxExpr'
  | 'NamedArgExpr'
  | 'NullTest'
  | 'ParamRef'
  | 'RowExpr'
  | 'SQLValueFunction'
  | 'String'
  | 'SubLink'
  | 'TypeCast'
  | 'TypeName'
> = {
  A_ArrayExpr: ({ elements }, print) => `ARRAY[${list(print.nodes(elements))}]`,
  A_Const: (body) => constant(body),
  A_Expr: operation,
  A_Indices: ({ is_slice, lidx, uidx }, print) =>
    is_slice === true ? `[${print.node(lidx)} : ${print.node(uidx)}]` : `[${print.node(uidx)}]`,
  A_Indirection: ({ arg, indirection: steps }, print) =>
    `(${print.node(arg)})${indirection(steps, print)}`,
  A_Star: () => '*',
  BoolExpr: ({ boolop, args }, print) =>
    boolop === 'NOT_EXPR'
      ? `NOT ${list(print.operands(args))}`
      : print.operands(args).join(boolop === 'AND_EXPR' ? ' AND ' : ' OR '),
  BooleanTest: ({ arg, booltesttype = '' }, print) =>
    words(print.operand(arg), BOOLEAN_TESTS[booltesttype]),
  CaseExpr: ({ arg, args, defresult }, print) =>
    words(
      'CASE',
      arg !== undefined && print.operand(arg),
      ...print.nodes(args),
      defresult !== undefined && `ELSE ${print.node(defresult)}`,
      'END',
    ),
  CaseWhen: ({ expr, result }, print) => `WHEN ${print.node(expr)} THEN ${print.node(result)}`,
  CoalesceExpr: ({ args }, print) => `COALESCE${inParentheses(print.nodes(args))}`,
  CollateClause: ({ arg, collname }, print) =>
    words(arg !== undefined && print.operand(arg), 'COLLATE', qualified(namesOf(collname))),
  ColumnRef: ({ fields }, print) => print.nodes(fields).join('.'),
  FuncCall: call,
  GroupingFunc: ({ args }, print) => `GROUPING${inParentheses(print.nodes(args))}`,
  MinMaxExpr: ({ op, args }, print) =>
    `${op === 'IS_GREATEST' ? 'GREATEST' : 'LEAST'}${inParentheses(print.nodes(args))}`,
  NamedArgExpr: ({ name = '', arg }, print) => `${quoteIdentifier(name)} => ${print.node(arg)}`,
  NullTest: ({ arg, nulltesttype }, print) =>
    `${print.operand(arg)} IS ${nulltesttype === 'IS_NULL' ? 'NULL' : 'NOT NULL'}`,
  ParamRef: ({ number = 0 }) => `$${String(number)}`,
  RowExpr: ({ args, row_format }, print) =>
    `${row_format === 'COERCE_EXPLICIT_CALL' ? 'ROW' : ''}${inParentheses(print.nodes(args))}`,
  SQLValueFunction: (body) => valueFunction(body),
  String: ({ sval = '' }) => quoteIdentifier(sval),
  SubLink: subLink,
  TypeCast: ({ arg, typeName: type }, print) =>
    `CAST(${print.node(arg)} AS ${print.as('TypeName', type) ?? ''})`,
  TypeName: typeName,
};
