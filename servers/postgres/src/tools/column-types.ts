import { bindShownTypes, shownTypes } from '../adapter/questions/index.ts';
import type { Column } from '../adapter/index.ts';
import type { Visibility } from '../guard/index.ts';
import type { OpenDatabase } from './context.ts';
import { shownIn } from './words.ts';

/** What was learnt of types, for as long as a view of the catalog is in use. A database has few of them. */
const learnt = new WeakMap<Visibility, Map<string, boolean>>();

/**
 * The types of columns, as they may be named. Each relation is a type as well, and a schema stands
 * before the name of a type, so a column can name what is hidden.
 *
 * Types of PostgreSQL itself stand without a schema; only for others the database is asked, once.
 */
export async function typesOf(
  columns: readonly Column[],
  database: OpenDatabase,
): Promise<readonly string[]> {
  const known = learnt.get(database.visibility) ?? new Map<string, boolean>();
  learnt.set(database.visibility, known);
  const types = columns.map(({ type }) => type);
  const unknown = [...new Set(types)].filter((type) => isQualified(type) && !known.has(type));
  if (unknown.length > 0) {
    const shown = await database.ask(shownTypes, bindShownTypes(shownIn(database), unknown));
    const names = new Set(shown.map(({ type }) => type));
    for (const type of unknown) known.set(type, names.has(type));
  }
  return types.map((type) =>
    isQualified(type) && known.get(type) !== true ? 'user-defined' : type,
  );
}

/** A point stands in no type of PostgreSQL itself. */
function isQualified(type: string): boolean {
  return type.includes('.');
}
