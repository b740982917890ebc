import type { ParseResult } from '@pgsql/types';
import type { PgQuery } from 'libpg-query/wasm/libpg-query.js';

import { refuse } from './refusals.ts';

/** The grammar of PostgreSQL itself, compiled to WebAssembly. */
export interface Parser {
  /** Throws `NotSql` where the text is none, and `TooDeep` where it cannot tell. */
  parse(sql: string): ParseResult;
  /** Equal for statements that differ in their constants only. */
  fingerprint(sql: string): string;
}

/** The text is no SQL. The parser's message repeats the text, so it is left out. */
export class NotSql extends Error {
  override readonly name = 'NotSql';
  /** Characters before the place where the parser stopped. */
  readonly place: number;

  constructor(place: number) {
    super('not SQL');
    this.place = place;
  }
}

/** The text is nested so deeply that the parser ran out of stack. */
export class TooDeep extends Error {
  override readonly name = 'TooDeep';
}

let loading: Promise<PgQuery> | undefined;
let instance: PgQuery | undefined;

/**
 * Loads the parser with the first statement: a start without one should not wait for it.
 *
 * Refuses `sql.unavailable` where it cannot be loaded. Without a parser there is no second opinion
 * that could stand in for it.
 */
export async function loadParser(): Promise<Parser> {
  loading ??= instantiate();
  try {
    instance = await loading;
  } catch (error) {
    return refuse('sql.unavailable', { detail: error instanceof Error ? error.name : 'unknown' });
  }
  return PARSER;
}

/**
 * The grammar is one function of a hundred thousand instructions. After some statements V8 compiles it
 * anew, to save hundredths of a millisecond, and takes 500 MB for it. This tells it to compile anew no
 * function but the first one, which is never called.
 */
const STAY_SMALL = '--wasm-tier-up-filter=0';

/** False before the first load, and while a parser that overflowed is replaced. */
export function isParserReady(): boolean {
  return instance !== undefined;
}

async function instantiate(): Promise<PgQuery> {
  process.getBuiltinModule('node:v8').setFlagsFromString(STAY_SMALL);
  const { default: createPgQuery } = await import('libpg-query/wasm/libpg-query.js');
  const ignore = (): void => undefined;
  return createPgQuery({ print: ignore, printErr: ignore });
}

const PARSER: Parser = {
  parse: (sql) => use((query) => withText(query, sql, (text) => parseAt(query, text))),
  fingerprint: (sql) => use((query) => withText(query, sql, (text) => fingerprintAt(query, text))),
};

/**
 * Uses the parser, and throws it away when it ended in any way but its own.
 *
 * An overflow of the stack leaves it in the middle of its work, with a stack of its own that it never
 * gives back; two dozen later that stack has grown into its tables, and what it says of a statement
 * means nothing.
 */
function use<Result>(work: (query: PgQuery) => Result): Result {
  if (instance === undefined) return refuse('sql.unavailable');
  try {
    return work(instance);
  } catch (error) {
    if (error instanceof NotSql) throw error;
    instance = undefined;
    loading = undefined;
    loadParser().catch(() => undefined);
    throw new TooDeep('the parser overflowed', { cause: error });
  }
}

function withText<Result>(query: PgQuery, sql: string, work: (text: number) => Result): Result {
  const bytes = query.lengthBytesUTF8(sql) + 1;
  const text = query._malloc(bytes);
  try {
    query.stringToUTF8(sql, text, bytes);
    return work(text);
  } finally {
    query._free(text);
  }
}

function parseAt(query: PgQuery, text: number): ParseResult {
  const result = query._wasm_parse_query_raw(text);
  // A result is the tree, what was printed, and the error; an error keeps its place as fifth.
  const error = query.getValue(result + 8, 'i32');
  const place = error === 0 ? undefined : query.getValue(error + 16, 'i32');
  const tree = error === 0 ? query.UTF8ToString(query.getValue(result, 'i32')) : '{}';
  query._wasm_free_parse_result(result);
  if (place !== undefined) throw new NotSql(Math.max(0, place - 1));
  return JSON.parse(tree) as ParseResult;
}

function fingerprintAt(query: PgQuery, text: number): string {
  const result = query._wasm_fingerprint(text);
  const fingerprint = query.UTF8ToString(result);
  query._wasm_free_string(result);
  if (!/^[0-9a-f]{16}$/.test(fingerprint)) throw new NotSql(0);
  return fingerprint;
}
