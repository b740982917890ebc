import { toVisible, toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Shown } from '../adapter/questions/index.ts';
import { databaseName } from '../guard/index.ts';
import type { QualifiedName } from '../policy.ts';
import type { OpenDatabase } from './context.ts';

/** What answers have in common: how they name things, and how lists of facts become text. */

/** Which database, where there are several. */
export const databaseAsked = databaseName.optional();

/**
 * One entry of a list whose fields depend on what there is. A client pays for each byte of a schema with
 * every listing, so entries say what they are by their fields alone.
 */
export const facts = z.record(z.string(), z.unknown());
export const factList = z.array(z.unknown());
export type Facts = Readonly<Record<string, unknown>>;

const PLAIN = /^[a-z_][a-z0-9_$]*$/;

/** A name as SQL writes it: quoted where it has to be, and on one line whatever it holds. */
export function quoted(name: string): string {
  return PLAIN.test(name) ? name : toVisibleName(`"${name.replaceAll('"', '""')}"`);
}

/** `schema.name`, as a caller can send it back. */
export function labelOf({ schema, name }: QualifiedName, ...more: readonly string[]): string {
  return [schema, name, ...more].map(quoted).join('.');
}

/** What exists for the caller, as questions want to know it. */
export function shownIn({ access, visibility }: OpenDatabase): Shown {
  return {
    relations: visibility.relations.map(({ oid }) => oid),
    schemas: access.schemas,
    masks: visibility.relations.flatMap(({ oid, masks }) =>
      [...masks.keys()].map((column) => ({ relation: oid, column })),
    ),
  };
}

export function joinSentences(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

/** Leaves out what is not there: an absent field says the same in fewer words. */
export function present<Fields extends Facts>(fields: Fields): Present<Fields> {
  const told = Object.entries(fields).filter(([, value]) => !saysNothing(value));
  const kept: Present<Fields> = {};
  return Object.assign(kept, Object.fromEntries(told));
}

type Present<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

function saysNothing(value: unknown): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return value === null || value === undefined || value === false || isEmpty;
}

/** One fact after the other on one line. A text that could look like several is quoted. */
export function lineOf(entry: Facts): string {
  return Object.entries(present(entry))
    .map(([name, value]) => (HEADS.has(name) ? wordOf(value) : `${name}: ${wordOf(value)}`))
    .join('  ');
}

/** What an entry is about needs no word before it. */
const HEADS = new Set(['name', 'check', 'finding', 'id', 'node']);

function wordOf(value: unknown): string {
  if (typeof value === 'string') return /[\n\r]| {2}/.test(value) ? JSON.stringify(value) : value;
  if (Array.isArray(value)) return `(${value.map(wordOf).join(', ')})`;
  if (typeof value === 'object' && value !== null) return lineOf({ ...value });
  return String(value);
}

/** Lists under their headings. */
export function sections(lists: Readonly<Record<string, readonly unknown[] | undefined>>): string {
  return Object.entries(lists)
    .filter(([, entries]) => entries !== undefined && entries.length > 0)
    .map(([heading, entries = []]) =>
      [`${heading}:`, ...entries.map((entry) => `  ${wordOf(entry)}`)].join('\n'),
    )
    .join('\n');
}

/** JSON in which nothing can hide. Fields of `labels` were made visible name by name. */
export function visibleJson(value: unknown, labels: readonly string[] = []): string {
  return JSON.stringify(visible(value, '', labels));
}

function visible(value: unknown, field: string, labels: readonly string[]): unknown {
  if (typeof value === 'string') return labels.includes(field) ? value : toVisible(value).text;
  if (Array.isArray(value)) return value.map((item) => visible(item, field, labels));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, visible(member, name, labels)]),
  );
}
