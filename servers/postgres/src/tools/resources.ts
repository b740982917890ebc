import { defineResource, type ListedResource } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';

import {
  bindOutline,
  type OutlinedRelation,
  outlineRelations,
} from '../adapter/questions/index.ts';
import { refuse } from '../guard/index.ts';
import { isUri, parseUri, SCHEME, uriOf } from '../guard/uri.ts';
import type { Context } from './context.ts';
import { describe, DESCRIPTION_LABELS } from './describe-object.ts';
import { postureOf } from './security-posture.ts';
import { joinSentences, labelOf, quoted, shownIn, visibleJson } from './words.ts';

/** Relations in one outline. A larger database is searched instead. */
const OUTLINED_MAX = 500;

const JSON_TYPE = 'application/json';

/** The shape of a database as one short text: what a model has to know before it writes SQL. */
const schema = defineResource<Context>({
  name: 'schema',
  title: 'Schema',
  description: 'All tables and views with columns and keys, in short.',
  uriTemplate: `${SCHEME}//{database}/schema`,
  scheme: SCHEME,
  matches: (uri) => isUri('schema', uri),
  scope: 'tables:read',
  list: (context) => listed(context, 'schema', 'text/plain'),

  async read(uri, context) {
    const database = await context.database(parseUri(uri).database);
    const found = await database.ask(
      outlineRelations,
      bindOutline(shownIn(database), OUTLINED_MAX),
    );
    const lines = found.slice(0, OUTLINED_MAX).map(outlineText);
    const more =
      found.length > OUTLINED_MAX
        ? [`There are more than ${String(OUTLINED_MAX)}: use search_objects.`]
        : [];
    return [{ uri, mimeType: 'text/plain', label: [...lines, ...more].join('\n') }];
  },

  complete: completeDatabase,
});

const table = defineResource<Context>({
  name: 'table',
  title: 'Table',
  description: 'One table or view, as describe_object tells it.',
  uriTemplate: `${SCHEME}//{database}/{schema}/{table}`,
  scheme: SCHEME,
  matches: (uri) => isUri('table', uri),
  scope: 'tables:read',
  // Tables are found by searching: a list of them is not short.
  list: () => [],

  async read(uri, context) {
    const asked = parseUri(uri);
    if (asked.kind !== 'table') return refuse('relation.unknown');
    const database = await context.database(asked.database);
    const relation = await database.relation(labelOf({ schema: asked.schema, name: asked.table }));
    const label = visibleJson(await describe(database, relation), DESCRIPTION_LABELS);
    return [{ uri, mimeType: JSON_TYPE, label }];
  },

  async complete(variable, value, known, context) {
    if (variable === 'database') return completeDatabase(variable, value, known, context);
    const { visibility } = await context.database(known['database']);
    const names = visibility.relations
      .filter(
        (relation) => variable === 'schema' || toVisibleName(relation.schema) === known['schema'],
      )
      .map((relation) => (variable === 'schema' ? relation.schema : relation.name));
    return [...new Set(names.map(toVisibleName))]
      .filter((name) => name.startsWith(value))
      .toSorted();
  },
});

const posture = defineResource<Context>({
  name: 'posture',
  title: 'Security posture',
  description: 'What the role could do beyond reading, and the limits in force.',
  uriTemplate: `${SCHEME}//{database}/posture`,
  scheme: SCHEME,
  matches: (uri) => isUri('posture', uri),
  scope: 'activity:read',
  list: (context) => listed(context, 'posture', JSON_TYPE),

  async read(uri, context) {
    const database = await context.database(parseUri(uri).database);
    return [{ uri, mimeType: JSON_TYPE, label: visibleJson(await postureOf(database)) }];
  },

  complete: completeDatabase,
});

export const resources = [schema, table, posture] as const;

function listed(
  { databases }: Context,
  what: 'schema' | 'posture',
  mimeType: string,
): readonly ListedResource[] {
  return databases.map(({ name, description }) => ({
    uri: uriOf(name, what),
    name: `${name} ${what}`,
    mimeType,
    ...(description !== undefined && { description }),
  }));
}

async function completeDatabase(
  variable: string,
  value: string,
  _known: Readonly<Record<string, string>>,
  { databases }: Context,
): Promise<readonly string[]> {
  if (variable !== 'database') return [];
  return databases.map(({ name }) => name).filter((name) => name.startsWith(value));
}

/** `app.orders (id bigint key, person bigint) -> app.people (person)` */
function outlineText({
  kind,
  columns,
  primary_key: key,
  references,
  ...name
}: OutlinedRelation): string {
  const words = columns.map((column) =>
    joinSentences(
      quoted(column.name),
      toVisibleName(column.type),
      key?.includes(column.name) === true ? 'key' : '',
      column.masked ? 'masked' : '',
    ),
  );
  const ends = references.map(
    (end) => ` -> ${labelOf(end)} (${end.columns.map(quoted).join(', ')})`,
  );
  return `${kind === 'table' ? '' : `${kind} `}${labelOf(name)} (${words.join(', ')})${ends.join('')}`;
}
