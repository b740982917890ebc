import type { ParseResult } from '@pgsql/types';

import { refuse } from './refusals.ts';

/** The grammar of PostgreSQL itself, compiled to WebAssembly. */
export interface Parser {
  /** Throws where the text is no SQL. */
  parse(sql: string): ParseResult;
  /** Equal for statements that differ in their constants only. */
  fingerprint(sql: string): string;
}

let loading: Promise<Parser> | undefined;

/**
 * Loads the parser with the first statement: a start without one should not wait for it.
 *
 * Refuses `sql.unavailable` where it cannot be loaded. Without a parser there is no second opinion
 * that could stand in for it.
 */
export async function loadParser(): Promise<Parser> {
  loading ??= load();
  try {
    return await loading;
  } catch (error) {
    return refuse('sql.unavailable', { detail: error instanceof Error ? error.name : 'unknown' });
  }
}

/**
 * The grammar is one function of a hundred thousand instructions. After some statements V8 compiles it
 * anew, to save hundredths of a millisecond, and takes 500 MB for it. This tells it to compile anew no
 * function but the first one, which is never called.
 */
const STAY_SMALL = '--wasm-tier-up-filter=0';

async function load(): Promise<Parser> {
  process.getBuiltinModule('node:v8').setFlagsFromString(STAY_SMALL);
  const { loadModule, parseSync, fingerprintSync } = await import('libpg-query');
  await loadModule();
  return { parse: parseSync, fingerprint: fingerprintSync };
}
