import { defineTool, READS } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import {
  bindDescribe,
  type Description,
  describeRelation,
  ENTRIES_MAX,
} from '../adapter/questions/index.ts';
import { refuse, relationText, type VisibleRelation } from '../guard/index.ts';
import type { Context, OpenDatabase } from './context.ts';
import {
  databaseAsked,
  type Facts,
  factList,
  facts,
  joinSentences,
  labelOf,
  lineOf,
  present,
  sections,
  shownIn,
} from './words.ts';

const OUTPUT = z.strictObject({
  name: z.string(),
  kind: z.string(),
  columns: factList,
  /** Keys, indexes, policies and the rest, where there are any. */
  more: facts,
});
type Output = z.output<typeof OUTPUT>;

/** Fields that hold names, and types, which hold them. */
export const DESCRIPTION_LABELS = [
  'name',
  'type',
  'from',
  'to',
  'references',
  'constraint',
  'parents',
  'function',
];

export const describeObject = defineTool({
  name: 'describe_object',
  title: 'Describe object',
  description: 'Columns, keys, indexes, policies and size of a table or view.',
  scope: 'tables:read',
  annotations: READS,
  labels: DESCRIPTION_LABELS,
  input: z.strictObject({ name: relationText, database: databaseAsked }),
  output: OUTPUT,

  async run({ name, database: asked }, context: Context) {
    const database = await context.database(asked);
    return { output: await describe(database, await database.relation(name)) };
  },

  render({ name, kind, columns, more }) {
    const lists = Object.entries(more).filter(([, value]) => Array.isArray(value));
    const { definition, ...about } = Object.fromEntries(
      Object.entries(more).filter(([, value]) => !Array.isArray(value)),
    );
    return {
      summary: joinSentences(
        isRestricted(more) ? 'Row-level security applies: some of the rows are shown.' : '',
        'Rows and bytes are estimates.',
      ),
      data: [
        lineOf({ name, kind, ...about }),
        sections({
          columns,
          ...Object.fromEntries(lists.map(([heading, list]) => [heading, entriesOf(list)])),
        }),
        ...(typeof definition === 'string' ? [definition] : []),
      ].join('\n'),
    };
  },
});

function isRestricted({ rls }: Facts): boolean {
  return z.looseObject({ applies: z.literal(true) }).safeParse(rls).success;
}

function entriesOf(list: unknown): readonly unknown[] {
  return factList.safeParse(list).data ?? [];
}

/** All that there is to know of a relation, without what leads to anything that is not visible. */
export async function describe(database: OpenDatabase, relation: VisibleRelation): Promise<Output> {
  const [found] = await database.ask(
    describeRelation,
    bindDescribe(shownIn(database), relation.oid),
  );
  // It went away since the catalog was read.
  if (found === undefined) return refuse('relation.unknown');
  const lists = {
    keys: found.constraints.map(constraintFacts),
    referenced_by: found.referenced_by.map(referenceFacts),
    indexes: found.indexes.map(indexFacts),
    policies: found.policies.map(namedFacts),
    triggers: found.triggers.map(triggerFacts),
    parents: found.parents.map((parent) => labelOf(parent)),
    children: found.children.map(({ bound, ...child }) => present({ name: labelOf(child), bound })),
  };
  const entries = Object.entries<readonly unknown[]>(lists);
  return {
    name: labelOf(relation),
    kind: relation.kind,
    columns: found.columns.map((column) => columnFacts(column, relation)),
    more: present({
      comment: found.comment,
      rows: found.rows,
      bytes: found.bytes,
      rls: found.rls.enabled ? found.rls : null,
      ...Object.fromEntries(entries.map(([name, list]) => [name, list.slice(0, ENTRIES_MAX)])),
      partition_key: found.partition_key,
      partition_count: found.partition_count > 0 ? found.partition_count : null,
      definition: found.definition,
      // Lists that go on.
      cut: entries.flatMap(([name, list]) => (list.length > ENTRIES_MAX ? [name] : [])),
    }),
  };
}

type Entry<List extends keyof Description> = Description[List] extends readonly (infer Each)[]
  ? Each
  : never;

function columnFacts(column: Entry<'columns'>, { masks }: VisibleRelation): Facts {
  const { name, type, ...more } = column;
  return present({
    name: toVisibleName(name),
    type: toVisibleName(type),
    masked: masks.get(name),
    ...more,
  });
}

function constraintFacts(constraint: Entry<'constraints'>): Facts {
  const { name, kind, columns, references, validated, ...more } = constraint;
  return present({
    name: toVisibleName(name),
    kind,
    from: columns?.map(toVisibleName),
    references: references && labelOf(references),
    to: references?.columns.map(toVisibleName),
    ...more,
    not_validated: !validated,
  });
}

function referenceFacts({ constraint, from, to, ...other }: Entry<'referenced_by'>): Facts {
  return present({
    name: labelOf(other),
    constraint: toVisibleName(constraint),
    from: from.map(toVisibleName),
    to: to.map(toVisibleName),
  });
}

function indexFacts({ name, keys, valid, partial, ...more }: Entry<'indexes'>): Facts {
  return present({
    name: toVisibleName(name),
    keys: keys.map((key) => key ?? '(not shown)'),
    ...more,
    partial: partial && more.predicate === null,
    invalid: !valid,
  });
}

function namedFacts({ name, ...more }: Entry<'policies'>): Facts {
  return present({ name: toVisibleName(name), ...more });
}

function triggerFacts({ name, enabled, function: called, ...more }: Entry<'triggers'>): Facts {
  return present({
    name: toVisibleName(name),
    ...more,
    function: called && labelOf(called),
    disabled: !enabled,
  });
}
