import { beginningOf } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Warning } from '../adapter/index.ts';
import { repositoryId } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';

/** What all tools of this server say alike. */

/** Which repository, where there are several. */
export const repositoryAsked = repositoryId.optional();

/** How many items a page has. */
export const pageLimit = z.int().min(1).max(LIMITS.itemsMax).default(LIMITS.itemsDefault);

/** Bytes of patches or of text. */
export const bytesLimit = z
  .int()
  .min(1024)
  .max(LIMITS.textBytesMax)
  .default(LIMITS.textBytesDefault);

/** Lines from one to another, both counted. Where that is too many, a part of them: the answer says where it ends. */
export function linesOf(
  { start_line: start = 1, end_line: end }: LinesAsked,
  { usual, most }: { readonly usual: number; readonly most: number },
): { readonly startLine: number; readonly lines: number } {
  const lines = end === undefined ? usual : Math.max(1, end - start + 1);
  return { startLine: start, lines: Math.min(lines, most) };
}

interface LinesAsked {
  readonly start_line?: number | undefined;
  readonly end_line?: number | undefined;
}

/** False for lines that end before they begin. */
export function areInOrder({ start_line: start = 1, end_line: end = start }: LinesAsked): boolean {
  return start <= end;
}

export const OUT_OF_ORDER = { path: ['end_line'], error: 'comes before start_line' };

/** What a reader of any answer should know of the repository. */
const warned = { warnings: judged(z.array(z.string())).optional() };

/** What every answer says that can be cut. */
export const cuttable = { truncated: z.boolean(), ...warned };

/** What every answer says that comes in pages. */
export const paged = { next_cursor: z.string().optional(), ...cuttable };

/**
 * A value that is judged by a schema of its own, and listed without it: a client pays for each byte of a
 * schema with every listing, and such values say what they are by their fields.
 */
export function judged(schema: z.ZodType) {
  return z.unknown().refine((value) => schema.safeParse(value).success, 'has another form');
}

/** A list of such values. */
export function listOf(entry: z.ZodType) {
  return z.array(judged(entry));
}

export function joinSentences(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

/** `3 files`, `1 file` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** How a caller goes on. */
export function moreText(next: string | undefined): string {
  return next === undefined ? '' : `More with cursor ${next}.`;
}

/** Leaves out what is not there: an absent field says the same in fewer words. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  const told = Object.entries(fields).filter(([, value]) => !saysNothing(value));
  const kept: Present<Fields> = {};
  return Object.assign(kept, Object.fromEntries(told));
}

type Present<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

function saysNothing(value: unknown): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return value === null || value === undefined || value === false || value === '' || isEmpty;
}

/** The field `warnings` of an answer. */
export function warningsOf(...lists: readonly (readonly Warning[])[]): { warnings?: string[] } {
  const warnings = [...new Set(lists.flat())];
  return warnings.length === 0 ? {} : { warnings };
}

/** The same in sentences. */
export function warningText(warnings: unknown): string {
  const told = z.array(z.string()).default([]).parse(warnings);
  return joinSentences(...told.map((warning) => SENTENCES.get(warning) ?? ''));
}

const WARNINGS: Readonly<Record<Warning, string>> = {
  shallow: 'The clone is shallow: its history ends early.',
  partial: 'The clone is partial: objects can be missing, and nothing is fetched.',
  sparse: 'The checkout is sparse: files can be absent from the work tree on purpose.',
  filters_not_applied:
    'Filters of the repository are not run: a filtered file can look changed when it is not.',
  submodules_not_inspected: 'Work trees of submodules are not looked into.',
  hidden_index_flags: 'Flags in the index keep changes of some files out of sight.',
  replace_refs_ignored: 'Replacement objects are ignored: what is shown is the original.',
  git_has_known_holes: 'The installed git has published holes; the operator should update it.',
};

const SENTENCES: ReadonlyMap<string, string> = new Map(Object.entries(WARNINGS));

/**
 * A text on one line. Names and subjects are one line already in whatever git wrote; an object that
 * was written by hand could hold more, and forge the next entry of a list.
 */
export function oneLine(text: string): string {
  return text.replace(/[\t\n\r]+/g, ' ');
}

/** As much of an id as a reader needs to tell objects apart, and to name one. */
export function shortId(oid: string): string {
  return oid.slice(0, SHORT_ID);
}

const SHORT_ID = 12;

/** The beginning of a text, and whether that is not all of it. Never half of a character or a secret. */
export function cut(text: string, charactersMax: number): { text: string; isCut: boolean } {
  return { text: beginningOf(text, charactersMax), isCut: text.length > charactersMax };
}
