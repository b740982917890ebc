import * as z from 'zod';

import type { Cell } from '../database.ts';
import type { Question } from './question.ts';
import { isShownType, type Shown } from './shown.ts';

const ROW = z.strictObject({ type: z.string() });

/** Types as `format_type` writes them, with whatever stands behind the name: `public.vector(3)`. */
export function bindShownTypes(
  shown: Shown,
  types: readonly string[],
): readonly (Cell | readonly Cell[])[] {
  const names = types.map((type) => type.replace(/\([^()]*\)/, ''));
  return [shown.relations, shown.schemas, types, names];
}

/** Which of these types may be named. Looking a name up (`to_regtype`) is denied where its schema is. */
export const shownTypes: Question<z.output<typeof ROW>> = {
  name: 'shown types',
  text: () => `
  SELECT asked.type
  FROM unnest($3::text[], $4::text[]) AS asked(type, name)
  JOIN pg_type t ON format_type(t.oid, NULL) = asked.name
  WHERE t.typnamespace <> 'pg_catalog'::regnamespace AND ${isShownType('t.oid')}`,
  row: ROW,
};
