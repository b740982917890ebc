import { fromVisible } from '@secure-mcp/validation';

import { refuse } from './refusals.ts';

export const SCHEME = 'pg:';
const PREFIX = `${SCHEME}//`;

/** A schema, a table and a database are at most three names of 63 bytes, each byte as three characters. */
const URI_CHARACTERS_MAX = 1024;

/** What a URI of ours means. Its names are a caller's text: nothing says that they exist. */
export type ParsedUri =
  | { readonly kind: 'schema' | 'posture'; readonly database: string }
  | {
      readonly kind: 'table';
      readonly database: string;
      readonly schema: string;
      readonly table: string;
    };

/**
 * Reads `pg://database/schema`, `pg://database/posture` or `pg://database/schema/table`.
 *
 * Each step is decoded exactly once, and then it is a name as answers show it. `new URL()` is not used: it folds `..`,
 * drops what it does not like, and has a user, a port and a query where we have none (CWE-174).
 */
export function parseUri(uri: string): ParsedUri {
  const [database, first, second, ...rest] = stepsOf(uri);
  if (database === undefined || first === undefined || rest.length > 0) return unknown();
  if (second !== undefined) return { kind: 'table', database, schema: first, table: second };
  return first === 'schema' || first === 'posture' ? { kind: first, database } : unknown();
}

/** True for a URI of one kind. Says nothing of whether it leads anywhere. */
export function isUri(kind: ParsedUri['kind'], uri: string): boolean {
  const steps = uri.startsWith(PREFIX) ? uri.slice(PREFIX.length).split('/') : [];
  return kind === 'table' ? steps.length > 2 : steps.length === 2 && steps[1] === kind;
}

/** Writes a URI. */
export function uriOf(...steps: readonly [database: string, ...steps: string[]]): string {
  return `${PREFIX}${steps.map(encodeURIComponent).join('/')}`;
}

function stepsOf(uri: string): readonly string[] {
  if (!uri.startsWith(PREFIX) || uri.length > URI_CHARACTERS_MAX || !ACCEPTED.test(uri)) {
    return unknown();
  }
  const steps = uri.slice(PREFIX.length).split('/').map(decodeStep);
  return steps.includes('') ? unknown() : steps;
}

/** What RFC 3986 lets stand in a path, without what begins a user or a port. The rest comes as escapes. */
const ACCEPTED = /^pg:\/\/[\w.~!$&'()*+,;=%/-]*$/;

function decodeStep(step: string): string {
  try {
    const text = fromVisible(decodeURIComponent(step));
    return text.includes('\0') || !text.isWellFormed() ? unknown() : text;
  } catch {
    return unknown();
  }
}

function unknown(): never {
  return refuse('relation.unknown', { detail: 'not one of our URIs' });
}
