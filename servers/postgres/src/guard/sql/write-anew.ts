import type * as Ast from '@pgsql/types';

import { NotSql, type Parser } from '../parser.ts';
import { charactersBefore, type Complain } from './complaint.ts';
import { PLACES } from './grammar/index.ts';
import { printStatement } from './print/print.ts';

/** What is sent may be longer than what was asked: names are written out, masks are put in. */
const SENT_CHARACTERS_MAX = 1_048_576;

/** A statement as it is sent. */
interface Anew {
  readonly text: string;
  placeOf(sent: number): number | undefined;
}

/**
 * Writes a judged statement, and makes sure that PostgreSQL's grammar reads in it what was judged.
 * Whatever the printer does wrong ends here.
 */
export function writeAnew(
  parser: Parser,
  { statement, sql }: { readonly statement: Ast.Node; readonly sql: string },
  complain: Complain,
): Anew {
  const text = printStatement(statement);
  if (text.length > SENT_CHARACTERS_MAX) complain('sql.too_complex', undefined, { detail: 'sent' });
  const again = readAgain(parser, text);
  if (!isSameTree(again, statement))
    complain('sql.not_allowed', undefined, { detail: 'reads differently' });
  return {
    text,
    placeOf(sent) {
      const bytes = Buffer.byteLength(
        Array.from(text)
          .slice(0, sent - 1)
          .join(''),
      );
      const place = findPlace(again, statement, bytes);
      return place === undefined ? undefined : charactersBefore(sql, place) + 1;
    },
  };
}

function readAgain(parser: Parser, text: string): Ast.Node | undefined {
  try {
    const { stmts = [] } = parser.parse(text);
    return stmts.length === 1 ? stmts[0]?.stmt : undefined;
  } catch (error) {
    if (error instanceof NotSql) return undefined;
    throw error;
  }
}

/** Compares trees, but for the places in the text. */
function isSameTree(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  const [left, right] = [meaning(a), new Map(meaning(b))];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSameTree(value, right.get(key)))
  );
}

/** The place in one of two equal trees of what stands at a place in the other. */
function findPlace(a: unknown, b: unknown, place: number): number | undefined {
  if (!isObject(a) || !isObject(b)) return undefined;
  const written: unknown = Reflect.get(b, 'location');
  if (Reflect.get(a, 'location') === place && typeof written === 'number' && written >= 0)
    return written;
  const right = new Map(meaning(b));
  for (const [key, value] of meaning(a)) {
    const found = findPlace(value, right.get(key), place);
    if (found !== undefined) return found;
  }
  return undefined;
}

const meaning = (tree: object): readonly (readonly [string, unknown])[] =>
  Object.entries(tree).filter(([key, value]) => !PLACES.has(key) && value !== undefined);

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
