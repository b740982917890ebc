import * as z from 'zod';

import type { TreeEntry } from '../adapter/index.ts';

/** How entries of a tree are told. */

export const ENTRY = z.strictObject({
  path: z.string(),
  kind: z.string(),
  oid: z.string(),
  size: z.int().optional(),
});
export type EntryFacts = z.output<typeof ENTRY>;

/** An entry under the path that a caller can send back: `beneath` is what was listed, visible. */
export function entryFacts({ path, kind, oid, size }: TreeEntry, beneath = ''): EntryFacts {
  return {
    path: beneath === '' ? path : `${beneath}/${path}`,
    kind,
    oid,
    ...(size !== undefined && { size }),
  };
}

/** The path last: nothing stands behind a name that a name could imitate. */
export function entryLine({ path, kind, size }: EntryFacts): string {
  const bytes = size === undefined ? '' : `${String(size)} bytes  `;
  return `${kind.padEnd(WIDTH)}  ${bytes}${path}`;
}

/** The longest kind is `executable`. */
const WIDTH = 10;
