import type * as Ast from '@pgsql/types';

import type { Body } from '../grammar/index.ts';
import { frameOf } from './frames.ts';
import type { Print, Printers } from './print.ts';
import { clause, inParentheses, list, qualified, quoteIdentifier, words } from './words.ts';
import { namesOf } from '../values.ts';

const SET_OPERATIONS: Readonly<Record<string, string>> = {
  SETOP_UNION: 'UNION',
  SETOP_INTERSECT: 'INTERSECT',
  SETOP_EXCEPT: 'EXCEPT',
};

const JOINS: Readonly<Record<string, string>> = {
  JOIN_INNER: 'INNER JOIN',
  JOIN_LEFT: 'LEFT JOIN',
  JOIN_FULL: 'FULL JOIN',
  JOIN_RIGHT: 'RIGHT JOIN',
};

const ORDERS: Readonly<Record<string, string>> = {
  SORTBY_ASC: 'ASC',
  SORTBY_DESC: 'DESC',
  SORTBY_NULLS_FIRST: 'NULLS FIRST',
  SORTBY_NULLS_LAST: 'NULLS LAST',
};

const GROUPINGS: Readonly<Record<string, string>> = {
  GROUPING_SET_EMPTY: '',
  GROUPING_SET_SIMPLE: '',
  GROUPING_SET_ROLLUP: 'ROLLUP ',
  GROUPING_SET_CUBE: 'CUBE ',
  GROUPING_SET_SETS: 'GROUPING SETS ',
};

const MATERIALIZED: Readonly<Record<string, string>> = {
  CTEMaterializeAlways: 'MATERIALIZED',
  CTEMaterializeNever: 'NOT MATERIALIZED',
};

function select(body: Body<'SelectStmt'>, print: Print): string {
  return words(
    print.as('WithClause', body.withClause),
    coreOf(body, print),
    clause('ORDER BY', list(print.nodes(body.sortClause))),
    ...rangeOf(body, print),
  );
}

/** What a statement is at heart: VALUES, a set operation, or a SELECT. */
function coreOf(body: Body<'SelectStmt'>, print: Print): string {
  if (body.valuesLists !== undefined)
    return `VALUES ${list(
      body.valuesLists.map((row) =>
        inParentheses(print.nodes('List' in row ? row.List.items : [])),
      ),
    )}`;
  const operation = SET_OPERATIONS[body.op ?? ''];
  if (operation !== undefined)
    return words(
      `(${print.as('SelectStmt', body.larg) ?? ''})`,
      operation,
      body.all === true && 'ALL',
      `(${print.as('SelectStmt', body.rarg) ?? ''})`,
    );
  return words(
    'SELECT',
    distinctOf(body.distinctClause, print),
    list(print.nodes(body.targetList)),
    clause('FROM', list(print.nodes(body.fromClause))),
    clause('WHERE', print.node(body.whereClause)),
    clause(
      body.groupDistinct === true ? 'GROUP BY DISTINCT' : 'GROUP BY',
      list(print.nodes(body.groupClause)),
    ),
    clause('HAVING', print.node(body.havingClause)),
    clause('WINDOW', list((body.windowClause ?? []).map((each) => namedWindow(each, print)))),
  );
}

/** `DISTINCT` alone is a list with an empty cell. */
function distinctOf(nodes: readonly Ast.Node[] | undefined, print: Print): string | undefined {
  if (nodes === undefined) return undefined;
  const columns = list(print.nodes(nodes));
  return columns === '' ? 'DISTINCT' : `DISTINCT ON (${columns})`;
}

function namedWindow(node: Ast.Node, print: Print): string {
  if (!('WindowDef' in node)) return '';
  const { name = '', ...definition } = node.WindowDef;
  return `${quoteIdentifier(name)} AS (${print.as('WindowDef', definition) ?? ''})`;
}

function rangeOf(body: Body<'SelectStmt'>, print: Print): readonly (string | undefined)[] {
  const { limitCount, limitOffset, limitOption } = body;
  const count = limitCount === undefined ? undefined : print.operand(limitCount);
  return [
    clause('OFFSET', limitOffset === undefined ? undefined : print.operand(limitOffset)),
    limitOption === 'LIMIT_OPTION_WITH_TIES'
      ? `FETCH FIRST ${count ?? ''} ROWS WITH TIES`
      : clause('LIMIT', count),
  ];
}

function expression(body: Body<'CommonTableExpr'>, print: Print): string {
  const columns = print.nodes(body.aliascolnames);
  return words(
    quoteIdentifier(body.ctename ?? ''),
    columns.length > 0 && inParentheses(columns),
    'AS',
    MATERIALIZED[body.ctematerialized ?? ''],
    `(${print.node(body.ctequery)})`,
    print.as('CTESearchClause', body.search_clause),
    print.as('CTECycleClause', body.cycle_clause),
  );
}

function join(body: Body<'JoinExpr'>, print: Print): string {
  const using = print.nodes(body.usingClause);
  const isCross =
    body.jointype === 'JOIN_INNER' &&
    body.isNatural !== true &&
    body.quals === undefined &&
    using.length === 0;
  const text = words(
    print.node(body.larg),
    body.isNatural === true && 'NATURAL',
    isCross ? 'CROSS JOIN' : JOINS[body.jointype ?? ''],
    print.node(body.rarg),
    clause('ON', body.quals === undefined ? undefined : print.operand(body.quals)),
    using.length > 0 && `USING ${inParentheses(using)}`,
    clause('AS', print.as('Alias', body.join_using_alias)),
  );
  return words(`(${text})`, clause('AS', print.as('Alias', body.alias)));
}

function rangeFunction(body: Body<'RangeFunction'>, print: Print): string {
  const functions = (body.functions ?? []).map((each) => {
    const [call, columns] = 'List' in each ? (each.List.items ?? []) : [];
    const definitions = columns !== undefined && 'List' in columns ? columns.List.items : [];
    return words(print.node(call), clause('AS', columnsOf(definitions, print)));
  });
  const columns = columnsOf(body.coldeflist, print);
  const alias = words(print.as('Alias', body.alias), columns);
  return words(
    body.lateral === true && 'LATERAL',
    body.is_rowsfrom === true ? `ROWS FROM ${inParentheses(functions)}` : list(functions),
    body.ordinality === true && 'WITH ORDINALITY',
    clause('AS', alias),
  );
}

function columnsOf(nodes: readonly Ast.Node[] | undefined, print: Print): string | undefined {
  return nodes === undefined || nodes.length === 0 ? undefined : inParentheses(print.nodes(nodes));
}

export const QUERY_PRINTERS: Printers<
  | 'Alias'
  | 'ColumnDef'
  | 'CommonTableExpr'
  | 'CTECycleClause'
  | 'CTESearchClause'
  | 'GroupingSet'
  | 'JoinExpr'
  | 'RangeFunction'
  | 'RangeSubselect'
  | 'RangeTableSample'
  | 'RangeVar'
  | 'ResTarget'
  | 'SelectStmt'
  | 'SortBy'
  | 'WindowDef'
  | 'WithClause'
> = {
  Alias: ({ aliasname = '', colnames }, print) =>
    words(quoteIdentifier(aliasname), columnsOf(colnames, print)),
  ColumnDef: ({ colname = '', typeName, collClause }, print) =>
    words(
      quoteIdentifier(colname),
      print.as('TypeName', typeName),
      print.as('CollateClause', collClause),
    ),
  CommonTableExpr: expression,
  CTECycleClause: (body, print) =>
    words(
      'CYCLE',
      list(print.nodes(body.cycle_col_list)),
      `SET ${quoteIdentifier(body.cycle_mark_column ?? '')}`,
      `TO ${print.node(body.cycle_mark_value)} DEFAULT ${print.node(body.cycle_mark_default)}`,
      `USING ${quoteIdentifier(body.cycle_path_column ?? '')}`,
    ),
  CTESearchClause: (body, print) =>
    words(
      `SEARCH ${body.search_breadth_first === true ? 'BREADTH' : 'DEPTH'} FIRST BY`,
      list(print.nodes(body.search_col_list)),
      `SET ${quoteIdentifier(body.search_seq_column ?? '')}`,
    ),
  GroupingSet: ({ kind = '', content }, print) =>
    `${GROUPINGS[kind] ?? ''}${inParentheses(print.nodes(content))}`,
  JoinExpr: join,
  RangeFunction: rangeFunction,
  RangeSubselect: ({ lateral, subquery, alias }, print) =>
    words(
      lateral === true && 'LATERAL',
      `(${print.node(subquery)})`,
      clause('AS', print.as('Alias', alias)),
    ),
  RangeTableSample: ({ relation, method, args, repeatable }, print) =>
    words(
      print.node(relation),
      `TABLESAMPLE ${qualified(namesOf(method))}${inParentheses(print.nodes(args))}`,
      repeatable !== undefined && `REPEATABLE (${print.node(repeatable)})`,
    ),
  RangeVar: ({ schemaname, relname = '', inh, alias }, print) =>
    words(
      inh !== true && 'ONLY',
      qualified(schemaname === undefined ? [relname] : [schemaname, relname]),
      clause('AS', print.as('Alias', alias)),
    ),
  ResTarget: ({ name, val }, print) =>
    words(print.node(val), clause('AS', name === undefined ? undefined : quoteIdentifier(name))),
  SelectStmt: select,
  SortBy: ({ node, sortby_dir = '', sortby_nulls = '' }, print) =>
    words(print.node(node), ORDERS[sortby_dir], ORDERS[sortby_nulls]),
  WindowDef: ({ refname, partitionClause, orderClause, ...frame }, print) =>
    words(
      refname !== undefined && quoteIdentifier(refname),
      clause('PARTITION BY', list(print.nodes(partitionClause))),
      clause('ORDER BY', list(print.nodes(orderClause))),
      frameOf(frame, print),
    ),
  WithClause: ({ ctes, recursive }, print) =>
    words('WITH', recursive === true && 'RECURSIVE', list(print.nodes(ctes))),
};
