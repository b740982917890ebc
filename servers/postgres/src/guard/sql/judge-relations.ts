import { LIMITS, type QualifiedName } from '../../policy.ts';
import type { Visibility, VisibleRelation } from '../visibility.ts';
import type { Census, Found, Holder } from './census.ts';
import { type Complain, plainName } from './complaint.ts';
import type { Masks } from './masks.ts';
import { isInScope } from './scope.ts';
import { namesOf } from './values.ts';

/** References to relations in one statement: a plan grows with each, and by all partitions of each. */
const REFERENCES_MAX = 100;

/** Nodes of the largest mask. */
const NODES_OF_MASK = 20;

/** What a statement reads. */
export interface Read {
  readonly relations: readonly QualifiedName[];
  readonly isMasked: boolean;
}

/**
 * Refuses relations that do not exist for the caller, writes out the schema of the others, and puts
 * masked ones behind their masks.
 */
export function judgeRelations(
  census: Census,
  { visibility, masks }: { readonly visibility: Visibility; readonly masks: Masks },
  complain: Complain,
): Read {
  judgeExpressionNames(census, complain);
  const references = census.all('RangeVar').filter(({ node, scope }) => {
    const isExpression = node.schemaname === undefined && isInScope(scope, node.relname ?? '');
    return !isExpression;
  });
  if (references.length > REFERENCES_MAX)
    complain('sql.too_complex', references[REFERENCES_MAX]?.node);
  const found = references.map((reference) => {
    const { schemaname, relname = '' } = reference.node;
    const relation =
      visibility.find(schemaname, relname) ??
      complain('relation.unknown', reference.node, {
        detail: plainName(schemaname === undefined ? [relname] : [schemaname, relname]),
      });
    reference.node.schemaname = relation.schema;
    return { reference, relation };
  });
  const masked = found.filter(({ relation }) => relation.masks.size > 0);
  const behind = found.filter(({ relation }) => isBehind(relation));
  if (behind.length > 0) judgeLongReferences(census, complain);
  const nodes = behind.reduce((sum, { relation }) => sum + nodesBehind(relation), 0);
  // One reference to any relation is written out; many of them would be large before they are printed.
  if (behind.length > 1 && nodes > LIMITS.nodesMax)
    complain('sql.too_complex', behind[1]?.reference.node, { detail: 'masks' });
  for (const { reference, relation } of behind) putBehind(reference, relation, masks, complain);
  const names = Map.groupBy(found, ({ relation }) => relation.oid);
  return {
    relations: [...names.values()].flatMap((same) =>
      same.slice(0, 1).map(({ relation: { schema, name } }) => ({ schema, name })),
    ),
    isMasked: masked.length > 0,
  };
}

/** A column that looks names up would look up whatever is put beside it: it is read as text. */
function isBehind({ masks, columns }: VisibleRelation): boolean {
  return masks.size > 0 || columns.some(({ looksUp }) => looksUp === true);
}

/** About how many nodes a sub-select adds to a statement. */
function nodesBehind({ masks, columns }: VisibleRelation): number {
  return columns.length + NODES_OF_MASK * masks.size;
}

/**
 * A common table expression named like something of the catalog would be the catalog, should we ever
 * disagree with the server about its scope.
 */
function judgeExpressionNames(census: Census, complain: Complain): void {
  for (const { node } of census.all('CommonTableExpr')) {
    if (node.ctename?.startsWith('pg_') === true)
      complain('sql.not_allowed', node, { detail: 'pg_ in WITH' });
  }
}

/** Behind a mask there is no `schema.relation` any more that `schema.relation.column` could mean. */
function judgeLongReferences(census: Census, complain: Complain): void {
  for (const { node } of census.all('ColumnRef')) {
    if (namesOf(node.fields).length > 2)
      complain('sql.not_allowed', node, {
        detail: 'schema.relation.column',
        advice: 'Name the relation with AS, and the column by that name.',
      });
  }
}

/**
 * Replaces a masked relation by a sub-select of what may be seen of it. All of the statement, from
 * WHERE to whole rows and to what an error repeats, has only that.
 */
function putBehind(
  { node, holder, above }: Found<'RangeVar'>,
  relation: VisibleRelation,
  masks: Masks,
  complain: Complain,
): void {
  if (holder === undefined || above === 'RangeTableSample')
    return complain('sql.not_allowed', node, {
      detail: 'TABLESAMPLE of a relation behind a sub-select',
      advice: 'A relation with masked columns, or with names of the catalog, cannot be sampled.',
    });
  const { alias = { aliasname: relation.name }, ...inner } = node;
  replace(holder, 'RangeSubselect', { subquery: masks.select(relation, inner), alias });
}

function replace(holder: Holder, tag: string, body: object): void {
  for (const key of Object.keys(holder)) delete holder[key];
  holder[tag] = body;
}
