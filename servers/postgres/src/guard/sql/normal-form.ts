import type { Census } from './census.ts';
import type { Complain } from './complaint.ts';

/** The number of a constant in decimal notation. */
const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INTEGER = /^(-?)(0x[\da-f]+|0o[0-7]+|0b[01]+|\d+)$/i;

/**
 * Brings a statement into the one form that we print.
 *
 * PostgreSQL treats these spellings alike once it has read them; in one form, older servers read what
 * only newer ones write (`0x1F`, `1_000`), and there is less that could be printed wrongly.
 */
export function normalize(census: Census, complain: Complain): void {
  for (const { node } of census.all('FuncCall')) {
    // EXTRACT(year FROM x) is a call of pg_catalog.extract('year', x).
    node.funcformat = 'COERCE_EXPLICIT_CALL';
  }
  for (const { node } of census.all('A_Expr')) {
    // LIKE is the operator ~~, and its ESCAPE a function around the pattern.
    if (LIKE.has(node.kind ?? '')) node.kind = 'AEXPR_OP';
  }
  for (const { node } of census.all('Float')) {
    const number = decimalOf(node.fval ?? '');
    if (number === undefined) complain('sql.not_allowed', undefined, { detail: 'number' });
    else node.fval = number;
  }
}

const LIKE: ReadonlySet<string> = new Set(['AEXPR_LIKE', 'AEXPR_ILIKE', 'AEXPR_SIMILAR']);

function decimalOf(written: string): string | undefined {
  const text = written.replaceAll('_', '');
  if (DECIMAL.test(text)) return text;
  const [, sign = '', digits] = INTEGER.exec(text) ?? [];
  return digits === undefined ? undefined : sign + String(BigInt(digits));
}
