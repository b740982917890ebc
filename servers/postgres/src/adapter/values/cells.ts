import { createHash } from 'node:crypto';

import { LIMITS } from '../../policy.ts';
import type { Cell } from '../database.ts';
import type { Answer } from '../session/connection.ts';
import { BOOLEAN, BYTEA, JSON_TYPES, NUMBERS } from './built-in.ts';

/** What of an answer is shown. */
export interface Shown {
  readonly rows: readonly (readonly Cell[])[];
  readonly more: boolean;
  readonly cut: number;
  readonly full: boolean;
}

/** Makes cells of what came as text, within the ceilings of a cell and of an answer. */
export function showRows({ fields, rows }: Answer, limit: number): Shown {
  const budget: Budget = { left: LIMITS.resultCharactersMax, cut: 0 };
  const types = fields.map(({ dataTypeID }) => dataTypeID);
  const shown: (readonly Cell[])[] = [];
  for (const row of rows.slice(0, limit)) {
    const cut = budget.cut;
    const cells = row.map((text, at) => showCell(text, types[at] ?? 0, budget));
    if (budget.left < 0) {
      budget.cut = cut;
      break;
    }
    shown.push(cells);
  }
  const [first] = rows;
  // A row that is an answer by itself is shown in part: without it no page would ever get past it.
  if (shown.length === 0 && first !== undefined && limit > 0)
    shown.push(squeeze(first, types, budget));
  const full = shown.length < Math.min(rows.length, limit);
  return { rows: shown, more: full || rows.length > limit, cut: budget.cut, full };
}

interface Budget {
  left: number;
  cut: number;
}

function showCell(text: string | null, type: number, budget: Budget): Cell {
  if (text === null) return null;
  if (type === BYTEA) return spend(digest(text), budget);
  if (text.length > LIMITS.cellCharactersMax) {
    budget.cut += 1;
    return spend(cutTo(text, LIMITS.cellCharactersMax), budget);
  }
  return exact(spend(text, budget), type);
}

function spend(text: string, budget: Budget): string {
  budget.left -= text.length;
  return text;
}

/** `NaN` and `Infinity` are no numbers of JSON and stay text. */
function exact(text: string, type: number): Cell {
  if (type === BOOLEAN) return text === 't';
  if (!NUMBERS.has(type)) return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** Never between the halves of a character. */
function cutTo(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** Bytes are of no use to a reader. Their length and digest are: equal ones can be told. */
function digest(hex: string): string {
  const bytes = Buffer.from(hex.slice(2), 'hex');
  return `\\x… (${String(bytes.length)} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')})`;
}

/** Every cell gets the same share of an answer. */
function squeeze(
  row: Answer['rows'][number],
  types: readonly number[],
  budget: Budget,
): readonly Cell[] {
  const share = Math.floor(LIMITS.resultCharactersMax / row.length);
  return row.map((text, at) => {
    const cell = showCell(text, types[at] ?? 0, { left: 0, cut: 0 });
    if (typeof cell !== 'string') return cell;
    if (cell.length <= share && (text ?? '').length <= LIMITS.cellCharactersMax) return cell;
    budget.cut += 1;
    return cutTo(cell, Math.min(share, LIMITS.cellCharactersMax));
  });
}

/** Rows of a statement of our own: whole, by the names of their columns. */
export function namedRows({ fields, rows }: Answer): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) =>
    Object.fromEntries(
      fields.map(({ name, dataTypeID }, at) => [name, plain(row[at] ?? null, dataTypeID)]),
    ),
  );
}

function plain(text: string | null, type: number): unknown {
  if (text === null) return null;
  return JSON_TYPES.has(type) ? JSON.parse(text) : exact(text, type);
}
