import * as z from 'zod';

import type { Cell } from '../database.ts';
import { json } from './form.ts';
import type { Question } from './question.ts';
import { columnNames, isReadable } from './shown.ts';

const ROW = z.strictObject({
  columns: json(z.array(z.strictObject({ name: z.string(), type: z.string() }))),
  key: json(z.array(z.string())),
});
export type Browsable = z.output<typeof ROW>;

export function bindBrowsable(oid: number): readonly Cell[] {
  return [oid];
}

/**
 * The columns of a relation that the role may read, and those that tell its rows apart: the primary
 * key, or else a unique index that no NULL gets past. A parent of other tables has no key: its
 * children may repeat it.
 */
export const browsable: Question<Browsable> = {
  name: 'browsable',
  text: () => `
  SELECT COALESCE((
      SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
        ORDER BY a.attnum)
      FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND ${isReadable('c.oid', 'a.attnum')}), '[]') AS columns,
    COALESCE((
      SELECT to_json(${columnNames('c.oid', 'key.columns')})
      FROM pg_index i
      CROSS JOIN LATERAL (SELECT (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns) key
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND NOT 0 = ANY (key.columns)
        AND NOT EXISTS (
          SELECT FROM unnest(key.columns) AS kc(number)
          JOIN pg_attribute ka ON ka.attrelid = c.oid AND ka.attnum = kc.number
          WHERE NOT ka.attnotnull OR NOT ${isReadable('c.oid', 'ka.attnum')})
        AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
      ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1), '[]') AS key
  FROM pg_class c WHERE c.oid = $1::oid`,
  row: ROW,
};
