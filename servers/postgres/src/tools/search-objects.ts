import { defineTool, READS } from '@secure-mcp/runtime';
import { boundedText, fromVisible, toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import {
  bindSearch,
  type FoundObject,
  OBJECT_KINDS,
  searchObjects as searching,
} from '../adapter/questions/index.ts';
import { cursorText, identifierText } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context, OpenDatabase } from './context.ts';
import {
  databaseAsked,
  type Facts,
  factList,
  joinSentences,
  labelOf,
  present,
  quoted,
  sections,
  shownIn,
} from './words.ts';

/** Each wildcard of a pattern may have to be tried at each place of a name. */
const PATTERN_CHARACTERS_MAX = 128;

export const searchObjects = defineTool({
  name: 'search_objects',
  title: 'Search objects',
  description: 'Finds tables, views, functions and columns by a part of their name, with * and ?.',
  scope: 'tables:read',
  annotations: READS,
  labels: ['name', 'type', 'columns'],
  input: z.strictObject({
    pattern: boundedText(PATTERN_CHARACTERS_MAX).optional(),
    kinds: z.array(z.enum(OBJECT_KINDS)).max(OBJECT_KINDS.length).optional(),
    schema: identifierText.optional(),
    detail: z.enum(['names', 'summary', 'full']).default('summary'),
    limit: z.int().min(1).max(LIMITS.searchMax).default(LIMITS.searchDefault),
    cursor: cursorText.optional(),
    database: databaseAsked,
  }),
  output: z.strictObject({ objects: factList, next_cursor: z.string().optional() }),

  async run({ cursor, limit, ...input }, context: Context) {
    const database = await context.database(input.database);
    const owner = {
      purpose: 'search_objects',
      principal: context.principalId,
      database: database.name,
      question: input,
    };
    const { skip = 0 } = context.cursors.read(cursor, owner);
    const found = await database.ask(
      searching,
      bindSearch(shownIn(database), {
        pattern: input.pattern === undefined ? undefined : likePattern(fromVisible(input.pattern)),
        kinds: input.kinds ?? [],
        schema: input.schema === undefined ? undefined : fromVisible(input.schema),
        detail: input.detail,
        skip,
        limit,
        // Where only listed relations exist, functions may be named after others.
        functions: database.access.only === undefined,
      }),
    );
    return {
      output: {
        objects: found.slice(0, limit).map((object) => shownObject(object, database)),
        next_cursor:
          found.length > limit ? context.cursors.write(owner, { skip: skip + limit }) : undefined,
      },
    };
  },

  render({ objects, next_cursor: next }) {
    return {
      summary: joinSentences(
        `Found: ${String(objects.length)}.`,
        next === undefined ? '' : `More with cursor ${next}.`,
      ),
      data: sections({ objects }),
    };
  },
});

/** What `*` and `?` are for people, `%` and `_` are for LIKE. Without one of them, a part of a name is enough. */
export function likePattern(text: string): string {
  const escaped = text.replace(/[\\%_]/g, '\\$&');
  return /[*?]/.test(escaped) ? escaped.replaceAll('*', '%').replaceAll('?', '_') : `%${escaped}%`;
}

function shownObject(object: FoundObject, { visibility }: OpenDatabase): Facts {
  const { schema, name, kind, arguments: taken, column, type, columns, ...more } = object;
  const masks = visibility.find(schema, name)?.masks;
  const label = labelOf({ schema, name }, ...(column === null ? [] : [column]));
  return {
    name: taken === null ? label : `${label}(${toVisibleName(taken)})`,
    kind,
    ...present({
      ...more,
      type: type && toVisibleName(type),
      columns: columns?.map(
        (each) =>
          `${quoted(each.name)} ${toVisibleName(each.type)}${masks?.has(each.name) === true ? ' masked' : ''}`,
      ),
    }),
  };
}
