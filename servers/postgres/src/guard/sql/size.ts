import type * as Ast from '@pgsql/types';

import { LIMITS } from '../../policy.ts';
import type { Complain } from './complaint.ts';
import type { Body } from './grammar/index.ts';
import {
  type Argument,
  COLUMN,
  NUMERIC,
  PARAMETER,
  type Size,
  SIZE_RULES,
  SMALL,
  sumOf,
  VARIADIC_RULES,
} from './size-rules.ts';
import { PADDED_TYPES } from './types.ts';
import { boundOf, DIGITS_MAX, lastName, productOf, textOf, writtenLength } from './values.ts';

/** What all values of one statement may add up to. */
const TOTAL_MAX = 10 * LIMITS.expansionMax;

/** What is known where an expression stands. */
interface Context {
  /** What a column can hold: more than data does, where it comes out of a sub-select. */
  readonly column: Size;
  /** Notes a value of the statement, and holds it to the ceilings. */
  readonly note: (size: Size, at: { readonly location?: number } | undefined) => Size;
  readonly complain: Complain;
}

/**
 * Refuses a statement that makes much out of nothing.
 *
 * Not promised: that it fits into memory. What comes out of the data is bounded by the session's
 * limits, and by what the database server itself may use.
 */
export function judgeSize(select: Body<'SelectStmt'>, complain: Complain): void {
  let total = 0;
  const note: Context['note'] = (size, at) => {
    total += size.usual;
    if (size.usual > LIMITS.expansionMax || total > TOTAL_MAX)
      complain('sql.too_complex', at, {
        detail: 'size',
        advice: 'It would make too large a value.',
      });
    return size;
  };
  ofSelect(select, { column: COLUMN, note, complain });
}

/** The largest value that a query shows. */
function ofSelect(body: Body<'SelectStmt'>, outer: Context): Size {
  const { withClause, fromClause = [], targetList = [], valuesLists = [], ...others } = body;
  const { larg, rarg, ...conditions } = others;
  const expressions = (withClause?.ctes ?? []).map((each) => ofNode(each, outer));
  const inside = { ...outer, column: largest([outer.column, ...expressions]) };
  const sources = fromClause.map((each) => ofNode(each, inside));
  const here = { ...outer, column: largest([inside.column, ...sources]) };
  ofParts(conditions, here);
  const shown = [...targetList, ...valuesLists].map((each) => ofNode(each, here));
  const sides = [larg, rarg].filter((side) => side !== undefined);
  return largest([...shown, ...sides.map((side) => ofSelect(side, here))]);
}

function ofNode(node: Ast.Node, context: Context): Size {
  if ('SelectStmt' in node) return ofSelect(node.SelectStmt, context);
  if ('ColumnRef' in node) return context.column;
  if ('ParamRef' in node) return PARAMETER;
  if ('FuncCall' in node) return ofCall(node.FuncCall, context);
  if ('TypeCast' in node) return ofCast(node.TypeCast, context);
  if ('A_Const' in node) return ofConstant(node.A_Const);
  if ('A_Expr' in node) return ofOperation(node.A_Expr, context);
  const parts = ofParts(node, context);
  // Arrays and rows quote what they hold when they become text.
  return 'A_ArrayExpr' in node || 'RowExpr' in node ? grown(parts, 2) : parts;
}

/** The sum of all nodes beneath one, or beneath a field that holds no other kind. */
function ofParts(body: object, context: Context): Size {
  const nodes = Object.values(body)
    .flat()
    .filter((each: unknown) => typeof each === 'object' && each !== null) as Ast.Node[];
  return together(nodes.map((each) => ofNode(each, context)));
}

function ofCall(call: Body<'FuncCall'>, context: Context): Size {
  const { args = [], funcname, ...others } = call;
  const values = args.map((each) => argument(each, ofNode(each, context)));
  ofParts(others, context);
  const name = lastName(funcname);
  const rule = (call.func_variadic === true ? VARIADIC_RULES : SIZE_RULES).get(name) ?? sumOf;
  const usual = rule(values);
  if (usual === undefined)
    return context.complain('sql.function', call, {
      detail: 'unbounded size',
      advice: 'Its size has to be a constant, or LEAST(…, constant).',
    });
  const most = Math.max(usual, ...values.map((each) => each.most));
  return context.note({ usual, most }, call);
}

function argument(node: Ast.Node, size: Size): Argument {
  const text = 'A_Const' in node ? textOf(node.A_Const) : undefined;
  return { ...size, text, bound: boundOf(node), product: productOf(node) };
}

function ofCast({ arg, typeName }: Body<'TypeCast'>, context: Context): Size {
  const value = arg === undefined ? SMALL : ofNode(arg, context);
  ofParts(typeName ?? {}, context);
  const length = paddedLength(typeName);
  if (length !== undefined) return context.note({ usual: length, most: length }, typeName);
  const isArray = typeName?.arrayBounds !== undefined;
  if (!isArray && FIXED_TYPES.has(lastName(typeName?.names))) return SMALL;
  const most = canBeWrittenOut(arg, typeName) ? Math.max(value.most, DIGITS_MAX) : value.most;
  return context.note(grown({ ...value, most }, 2), typeName);
}

/** Text that is put together can be a short `1e131071`, which these types write out. */
function canBeWrittenOut(arg: Ast.Node | undefined, type: Body<'TypeName'> | undefined): boolean {
  const isNumeric = ['numeric', 'json', 'jsonb'].includes(lastName(type?.names));
  return isNumeric && arg !== undefined && !isPlain(arg);
}

/** A column, a parameter or a constant: what it can be is known. */
function isPlain(node: Ast.Node): boolean {
  return 'ColumnRef' in node || 'ParamRef' in node || 'A_Const' in node;
}

function ofOperation(operation: Body<'A_Expr'>, context: Context): Size {
  const parts = ofParts(operation, context);
  const isPower = lastName(operation.name) === '^';
  return context.note(isPower ? largest([parts, NUMERIC]) : parts, operation);
}

/** Types whose values have about one size, whatever they are made of. */
const FIXED_TYPES: ReadonlySet<string> = new Set(
  `bool int2 int4 int8 float4 float8 money date time timetz timestamp timestamptz interval uuid inet
   cidr macaddr macaddr8 point line lseg box circle oid name char`.split(/\s+/),
);

/** The length that `char(n)` and `bit(n)` fill a value up to. */
function paddedLength(type: Body<'TypeName'> | undefined): number | undefined {
  if (!PADDED_TYPES.has(lastName(type?.names))) return undefined;
  const [length] = type?.typmods ?? [];
  return length === undefined ? undefined : boundOf(length);
}

function ofConstant(value: Body<'A_Const'>): Size {
  const size = writtenLength(value) ?? SMALL.usual;
  return { usual: size, most: size };
}

const grown = ({ usual, most }: Size, factor: number): Size => ({
  usual: usual * factor,
  most: most * factor,
});

function largest(sizes: readonly Size[]): Size {
  return {
    usual: Math.max(0, ...sizes.map(({ usual }) => usual)),
    most: Math.max(0, ...sizes.map(({ most }) => most)),
  };
}

function together(sizes: readonly Size[]): Size {
  return {
    usual: sizes.reduce((sum, { usual }) => sum + usual, 0),
    most: sizes.reduce((sum, { most }) => sum + most, 0),
  };
}
