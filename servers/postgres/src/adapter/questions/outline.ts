import * as z from 'zod';

import type { Cell } from '../database.ts';
import { json, named } from './form.ts';
import type { Question } from './question.ts';
import {
  areReadable,
  bindShown,
  columnNames,
  isMasked,
  isReadable,
  KIND,
  PAGE_TYPES,
  type Shown,
  shownPageType,
  VISIBLE,
} from './shown.ts';

const ROW = z.strictObject({
  schema: z.string(),
  name: z.string(),
  kind: z.string(),
  columns: json(
    z.array(z.strictObject({ name: z.string(), type: z.string(), masked: z.boolean() })),
  ),
  primary_key: json(z.array(z.string())).nullable(),
  references: json(z.array(named.extend({ columns: z.array(z.string()) }))),
});
export type OutlinedRelation = z.output<typeof ROW>;

/** `limit` relations, and one more where there are more. */
export function bindOutline(shown: Shown, limit: number): readonly (Cell | readonly Cell[])[] {
  return [...bindShown(shown), limit + 1];
}

/** The shape of a whole database in a few words for each relation. Partitions stand behind their table. */
export const outlineRelations: Question<OutlinedRelation> = {
  name: 'outline relations',
  text: () => `
  WITH page AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, ${KIND} AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (${VISIBLE}) AND c.relkind <> 'S'
      AND NOT (c.relispartition AND EXISTS (
        SELECT FROM pg_inherits i
        WHERE i.inhrelid = c.oid AND i.inhparent = ANY (${VISIBLE})))
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
    LIMIT $5::int8), ${PAGE_TYPES}
  SELECT c.nspname AS schema, c.relname AS name, c.kind,
    COALESCE((
      SELECT json_agg(json_build_object(
        'name', a.attname, 'type', ${shownPageType('a.atttypid', 'a.atttypmod')},
        'masked', ${isMasked('c.oid', 'a.attnum')}) ORDER BY a.attnum)
      FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND ${isReadable('c.oid', 'a.attnum')}), '[]') AS columns,
    (SELECT to_json(${columnNames('k.conrelid', 'k.conkey')})
      FROM pg_constraint k
      WHERE k.conrelid = c.oid AND k.contype = 'p'
        AND ${areReadable('k.conrelid', 'k.conkey')}) AS primary_key,
    COALESCE((
      SELECT json_agg(json_build_object(
        'schema', fn.nspname, 'name', fc.relname,
        'columns', ${columnNames('k.conrelid', 'k.conkey')}) ORDER BY k.conname)
      FROM pg_constraint k
      JOIN pg_class fc ON fc.oid = k.confrelid
      JOIN pg_namespace fn ON fn.oid = fc.relnamespace
      WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = ANY (${VISIBLE})
        AND ${areReadable('k.conrelid', 'k.conkey')}
        AND ${areReadable('k.confrelid', 'k.confkey')}
        AND NOT EXISTS (
          SELECT FROM pg_constraint kp
          WHERE kp.oid = k.conparentid AND kp.conrelid = k.conrelid)), '[]') AS references
  FROM page c
  ORDER BY c.nspname COLLATE "C", c.relname COLLATE "C"`,
  row: ROW,
};
