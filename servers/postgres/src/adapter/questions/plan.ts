import * as z from 'zod';

import type { Cell } from '../database.ts';
import { flag, json } from './form.ts';
import type { Question } from './question.ts';
import { areReadable } from './shown.ts';

const ROW = z.strictObject({
  plain: flag,
  /** Indexes of these relations whose every column may be read. */
  indexes: json(z.array(z.string())),
});

/** The relations that a statement names, by schema and name, side by side. */
export function bindPlanned(
  relations: readonly { readonly schema: string; readonly name: string }[],
): readonly (Cell | readonly Cell[])[] {
  return [relations.map(({ schema }) => schema), relations.map(({ name }) => name)];
}

/**
 * What of a plan may be shown. It is `plain` when it holds nothing but what its reader wrote: a view
 * would add its own conditions and relations, and row-level security those of its policies.
 */
export const planned: Question<z.output<typeof ROW>> = {
  name: 'planned relations',
  text: () => `
  WITH RECURSIVE asked(oid, kind) AS (
    SELECT c.oid, c.relkind
    FROM unnest($1::text[], $2::text[]) AS s(schema, name)
    LEFT JOIN pg_namespace n ON n.nspname = s.schema
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name
  ), family(oid) AS (
    SELECT asked.oid FROM asked
    UNION
    SELECT i.inhrelid FROM pg_inherits i JOIN family ON i.inhparent = family.oid
  )
  SELECT NOT EXISTS (
      SELECT FROM asked
      WHERE asked.oid IS NULL OR asked.kind NOT IN ('r', 'p', 'm')
        OR row_security_active(asked.oid)) AS plain,
    COALESCE((
      SELECT json_agg(DISTINCT ic.relname)
      FROM family
      JOIN pg_index i ON i.indrelid = family.oid
      JOIN pg_class ic ON ic.oid = i.indexrelid
      WHERE ${areReadable('i.indrelid', 'i.indkey::int2[]')}), '[]') AS indexes`,
  row: ROW,
};
