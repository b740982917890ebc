import type * as Ast from '@pgsql/types';

import type { Body, Tag } from '../grammar/index.ts';
import { EXPRESSION_PRINTERS } from './expressions.ts';
import { JSON_PRINTERS } from './json.ts';
import { QUERY_PRINTERS } from './queries.ts';

/** Writes nodes as SQL. */
export interface Print {
  /** Any node. */
  node(node: Ast.Node | undefined): string;
  /** A node that can stand beside an operator: in parentheses, unless nothing can tear it apart. */
  operand(node: Ast.Node | undefined): string;
  nodes(nodes: readonly Ast.Node[] | undefined): readonly string[];
  operands(nodes: readonly Ast.Node[] | undefined): readonly string[];
  /** A struct whose name the parser leaves out. */
  as<Name extends Tag>(name: Name, body: Body<Name> | undefined): string | undefined;
}

export type Printers<Names extends Tag> = {
  readonly [Name in Names]: (body: Body<Name>, print: Print) => string;
};

/** One for each node of the grammar that is printed by itself. */
const PRINTERS: Readonly<Record<string, ((body: never, print: Print) => string) | undefined>> = {
  ...EXPRESSION_PRINTERS,
  ...QUERY_PRINTERS,
  ...JSON_PRINTERS,
};

/** Nodes that are names, or end in what they began with: a parenthesis, a bracket, END. */
const WHOLE: ReadonlySet<string> = new Set<Tag>([
  'A_ArrayExpr',
  'CaseExpr',
  'CoalesceExpr',
  'ColumnRef',
  'FuncCall',
  'GroupingFunc',
  'JsonFuncExpr',
  'MinMaxExpr',
  'ParamRef',
  'TypeCast',
]);

/** Writes a statement in the plainest SQL that means it. */
export function printStatement(statement: Ast.Node): string {
  const print: Print = {
    node(node) {
      const [entry] = node === undefined ? [] : Object.entries<unknown>(node);
      return entry === undefined ? '' : write(entry[0], entry[1]);
    },
    operand(node) {
      const text = print.node(node);
      const [tag = ''] = node === undefined ? [] : Object.keys(node);
      return WHOLE.has(tag) ? text : `(${text})`;
    },
    nodes: (nodes) => (nodes ?? []).map((each) => print.node(each)),
    operands: (nodes) => (nodes ?? []).map((each) => print.operand(each)),
    as: (name, body) => (body === undefined ? undefined : write(name, body)),
  };
  const write = (tag: string, body: unknown): string => {
    const printer = PRINTERS[tag];
    if (printer === undefined) throw new Error(`nothing prints ${tag}`);
    return printer(body as never, print);
  };
  return print.node(statement);
}
