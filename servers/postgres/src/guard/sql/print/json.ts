import type { Body } from '../grammar/index.ts';
import { overOf } from './expressions.ts';
import type { Print, Printers } from './print.ts';
import { clause, list, quoteIdentifier, words } from './words.ts';

const BEHAVIORS: Readonly<Record<string, string>> = {
  JSON_BEHAVIOR_NULL: 'NULL',
  JSON_BEHAVIOR_ERROR: 'ERROR',
  JSON_BEHAVIOR_EMPTY: 'EMPTY',
  JSON_BEHAVIOR_TRUE: 'TRUE',
  JSON_BEHAVIOR_FALSE: 'FALSE',
  JSON_BEHAVIOR_UNKNOWN: 'UNKNOWN',
  JSON_BEHAVIOR_EMPTY_ARRAY: 'EMPTY ARRAY',
  JSON_BEHAVIOR_EMPTY_OBJECT: 'EMPTY OBJECT',
};

const WRAPPERS: Readonly<Record<string, string>> = {
  JSW_NONE: 'WITHOUT WRAPPER',
  JSW_CONDITIONAL: 'WITH CONDITIONAL WRAPPER',
  JSW_UNCONDITIONAL: 'WITH UNCONDITIONAL WRAPPER',
};

const QUOTES: Readonly<Record<string, string>> = {
  JS_QUOTES_KEEP: 'KEEP QUOTES',
  JS_QUOTES_OMIT: 'OMIT QUOTES',
};

const ENCODINGS: Readonly<Record<string, string>> = {
  JS_ENC_UTF8: 'ENCODING UTF8',
  JS_ENC_UTF16: 'ENCODING UTF16',
  JS_ENC_UTF32: 'ENCODING UTF32',
};

const FUNCTIONS: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'JSON_EXISTS',
  JSON_QUERY_OP: 'JSON_QUERY',
  JSON_VALUE_OP: 'JSON_VALUE',
};

const ITEMS: Readonly<Record<string, string>> = {
  JS_TYPE_OBJECT: 'OBJECT',
  JS_TYPE_ARRAY: 'ARRAY',
  JS_TYPE_SCALAR: 'SCALAR',
};

const nulls = (absent: boolean | undefined): string =>
  absent === true ? 'ABSENT ON NULL' : 'NULL ON NULL';
const unique = (flag: boolean | undefined): string | false => flag === true && 'WITH UNIQUE KEYS';

function column(body: Body<'JsonTableColumn'>, print: Print): string {
  const name = body.name === undefined ? undefined : quoteIdentifier(body.name);
  if (body.coltype === 'JTC_FOR_ORDINALITY') return words(name, 'FOR ORDINALITY');
  const path = print.as('JsonTablePathSpec', body.pathspec);
  if (body.coltype === 'JTC_NESTED')
    return words('NESTED PATH', path, columns(body.columns, print));
  const isTest = body.coltype === 'JTC_EXISTS';
  return words(
    name,
    print.as('TypeName', body.typeName),
    isTest && 'EXISTS',
    print.as('JsonFormat', body.format),
    clause('PATH', path),
    // A test has no wrapper, and says so without words.
    !isTest && WRAPPERS[body.wrapper ?? ''],
    QUOTES[body.quotes ?? ''],
    ...behaviors(body, print),
  );
}

function columns(nodes: Body<'JsonTable'>['columns'], print: Print): string {
  return `COLUMNS (${list(print.nodes(nodes))})`;
}

function behaviors(
  { on_empty, on_error }: Pick<Body<'JsonFuncExpr'>, 'on_empty' | 'on_error'>,
  print: Print,
): readonly (string | false)[] {
  return [
    on_empty !== undefined && `${print.as('JsonBehavior', on_empty) ?? ''} ON EMPTY`,
    on_error !== undefined && `${print.as('JsonBehavior', on_error) ?? ''} ON ERROR`,
  ];
}

function table(body: Body<'JsonTable'>, print: Print): string {
  const inside = words(
    list([
      print.as('JsonValueExpr', body.context_item) ?? '',
      print.as('JsonTablePathSpec', body.pathspec) ?? '',
    ]),
    clause('PASSING', list(print.nodes(body.passing))),
    columns(body.columns, print),
    ...behaviors(body, print),
  );
  return words(
    body.lateral === true && 'LATERAL',
    `JSON_TABLE(${inside})`,
    clause('AS', print.as('Alias', body.alias)),
  );
}

function query(body: Body<'JsonFuncExpr'>, print: Print): string {
  const inside = words(
    list([print.as('JsonValueExpr', body.context_item) ?? '', print.node(body.pathspec)]),
    clause('PASSING', list(print.nodes(body.passing))),
    print.as('JsonOutput', body.output),
    WRAPPERS[body.wrapper ?? ''],
    QUOTES[body.quotes ?? ''],
    ...behaviors(body, print),
  );
  return `${FUNCTIONS[body.op ?? ''] ?? ''}(${inside})`;
}

/** An aggregate: what it takes, then what all aggregates of JSON share. */
function aggregate(
  name: string,
  value: string,
  rest: { readonly body: Body<'JsonAggConstructor'> | undefined; readonly flags: string },
  print: Print,
): string {
  const { body = {}, flags } = rest;
  const inside = words(
    value,
    clause('ORDER BY', list(print.nodes(body.agg_order))),
    flags,
    print.as('JsonOutput', body.output),
  );
  return words(
    `${name}(${inside})`,
    body.agg_filter !== undefined && `FILTER (WHERE ${print.node(body.agg_filter)})`,
    clause('OVER', overOf(body.over, print)),
  );
}

export const JSON_PRINTERS: Printers<
  | 'JsonArgument'
  | 'JsonArrayAgg'
  | 'JsonArrayConstructor'
  | 'JsonArrayQueryConstructor'
  | 'JsonBehavior'
  | 'JsonFormat'
  | 'JsonFuncExpr'
  | 'JsonIsPredicate'
  | 'JsonKeyValue'
  | 'JsonObjectAgg'
  | 'JsonObjectConstructor'
  | 'JsonOutput'
  | 'JsonParseExpr'
  | 'JsonScalarExpr'
  | 'JsonSerializeExpr'
  | 'JsonTable'
  | 'JsonTableColumn'
  | 'JsonTablePathSpec'
  | 'JsonValueExpr'
> = {
  JsonArgument: ({ val, name = '' }, print) =>
    `${print.as('JsonValueExpr', val) ?? ''} AS ${quoteIdentifier(name)}`,
  JsonArrayAgg: ({ constructor: body, arg, absent_on_null }, print) =>
    aggregate(
      'JSON_ARRAYAGG',
      print.as('JsonValueExpr', arg) ?? '',
      { body, flags: nulls(absent_on_null) },
      print,
    ),
  JsonArrayConstructor: ({ exprs, output, absent_on_null }, print) => {
    const values = list(print.nodes(exprs));
    // Without values there are no nulls to speak of, and no words for them.
    const flags = values === '' ? undefined : nulls(absent_on_null);
    return `JSON_ARRAY(${words(values, flags, print.as('JsonOutput', output))})`;
  },
  JsonArrayQueryConstructor: ({ query: select, format, output }, print) =>
    `JSON_ARRAY(${words(print.node(select), print.as('JsonFormat', format), print.as('JsonOutput', output))})`,
  JsonBehavior: ({ btype = '', expr }, print) =>
    BEHAVIORS[btype] ?? `DEFAULT ${print.operand(expr)}`,
  JsonFormat: ({ format_type, encoding = '' }) =>
    format_type === 'JS_FORMAT_JSON' ? words('FORMAT JSON', ENCODINGS[encoding]) : '',
  JsonFuncExpr: query,
  JsonIsPredicate: ({ expr, item_type = '', unique_keys }, print) =>
    words(print.operand(expr), 'IS JSON', ITEMS[item_type], unique(unique_keys)),
  JsonKeyValue: ({ key, value }, print) =>
    `${print.operand(key)} VALUE ${print.as('JsonValueExpr', value) ?? ''}`,
  JsonObjectAgg: ({ constructor: body, arg, absent_on_null, unique: isUnique }, print) =>
    aggregate(
      'JSON_OBJECTAGG',
      print.as('JsonKeyValue', arg) ?? '',
      { body, flags: words(nulls(absent_on_null), unique(isUnique)) },
      print,
    ),
  JsonObjectConstructor: ({ exprs, output, absent_on_null, unique: isUnique }, print) => {
    const values = list(print.nodes(exprs));
    const flags = values === '' ? undefined : words(nulls(absent_on_null), unique(isUnique));
    return `JSON_OBJECT(${words(values, flags, print.as('JsonOutput', output))})`;
  },
  JsonOutput: ({ typeName, returning }, print) =>
    words('RETURNING', print.as('TypeName', typeName), print.as('JsonFormat', returning?.format)),
  JsonParseExpr: ({ expr, unique_keys }, print) =>
    `JSON(${words(print.as('JsonValueExpr', expr), unique(unique_keys))})`,
  JsonScalarExpr: ({ expr }, print) => `JSON_SCALAR(${print.node(expr)})`,
  JsonSerializeExpr: ({ expr, output }, print) =>
    `JSON_SERIALIZE(${words(print.as('JsonValueExpr', expr), print.as('JsonOutput', output))})`,
  JsonTable: table,
  JsonTableColumn: column,
  JsonTablePathSpec: ({ string, name }, print) =>
    words(print.node(string), clause('AS', name === undefined ? undefined : quoteIdentifier(name))),
  JsonValueExpr: ({ raw_expr, format }, print) =>
    words(print.operand(raw_expr), print.as('JsonFormat', format)),
};
