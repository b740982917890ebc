import { type Access, type MaskKind, type QualifiedName, strictestMasks } from '../policy.ts';
import type { Catalog, Relation } from './catalog.ts';

/** A relation that exists for the caller. */
export interface VisibleRelation extends QualifiedName {
  readonly oid: number;
  readonly kind: Relation['kind'];
  /** Masked columns, by name. */
  readonly masks: ReadonlyMap<string, MaskKind>;
  readonly columns: Relation['columns'];
}

/** What exists for one caller in one database: the one answer for statements, tools, resources and completion. */
export interface Visibility {
  /** Finds a relation; without a schema, in the order of the caller's schemas. */
  find(schema: string | undefined, name: string): VisibleRelation | undefined;
  readonly relations: readonly VisibleRelation[];
}

export type CreateVisibility = (access: Access, catalog: Catalog) => Visibility;

/**
 * Decides for each relation whether it exists for the caller.
 *
 * A relation is as closed as the rows that it shows. Partitions and parents show each other's, so they
 * share denials and masks; a view shows those of what it reads, whatever it calls its columns, so it
 * stays closed when anything behind it is closed or masked. Only an operator who names it opens it.
 */
export const createVisibility: CreateVisibility = (access, catalog) => {
  const families = familiesOf(catalog.relations);
  const byOid = new Map(catalog.relations.map((relation) => [relation.oid, relation]));
  const isDenied = among(access.deny);
  const isNamed = among(access.only ?? []);
  const isVouched = among(access.vouched ?? access.only ?? []);

  const familyOf = (relation: Relation): readonly Relation[] =>
    families.get(relation.oid) ?? [relation];

  const masksOf = masksIn(access, familyOf);

  const isClosed = (relation: Relation): boolean => {
    if (isSystem(relation) || isDenied(relation)) return true;
    if (isVouched(relation) && access.isNarrowed !== true) return false;
    return familyOf(relation).some(
      (each) => isDenied(each) || isOutside(each) || isOpaque(each) || isOverClosed(each.sources),
    );
  };
  /** Reading a sequence tells how busy others are; reading a foreign table reaches out of the database. */
  const isOutside = (relation: Relation): boolean =>
    (relation.kind === 'sequence' || relation.kind === 'foreign table') && !isVouched(relation);

  /** What a view's own functions read can be anything, so it may be what is closed or masked. */
  const isOpaque = (relation: Relation): boolean =>
    relation.opaque === true && access.masks.length + access.deny.length > 0;

  const tainted = new Map<number, boolean>();
  const isTainted = (oid: number): boolean => {
    const known = tainted.get(oid);
    if (known !== undefined) return known;
    // A view cannot read itself; should the catalog say so, it stays closed.
    tainted.set(oid, true);
    const relation = byOid.get(oid);
    const result = relation === undefined || isClosed(relation) || masksOf(relation).size > 0;
    tainted.set(oid, result);
    return result;
  };
  const isOverClosed = (sources: readonly number[]): boolean => sources.some(isTainted);

  const isVisible = (relation: Relation): boolean =>
    relation.readable &&
    access.schemas.includes(relation.schema) &&
    (access.only === undefined || isNamed(relation)) &&
    !isClosed(relation);

  const relations = catalog.relations.filter(isVisible).flatMap((relation): VisibleRelation[] => {
    const { schema, name, oid, kind, columns } = relation;
    const masks = masksOf(relation);
    // What cannot be masked, for want of its columns, is not shown.
    if (masks.size > 0 && columns.length === 0) return [];
    return [{ schema, name, oid, kind, columns, masks }];
  });
  const byName = new Map(relations.map((relation) => [keyOf(relation), relation]));

  return {
    relations,
    find(schema, name) {
      const schemas = schema === undefined ? access.schemas : [schema];
      for (const each of schemas) {
        const relation = byName.get(keyOf({ schema: each, name }));
        if (relation !== undefined) return relation;
      }
      return undefined;
    },
  };
};

/**
 * What masks and denials name that is not there, for the operator: a mistyped one closes nothing, and
 * looks like one that works.
 */
export function namedInVain(access: Access, catalog: Catalog): readonly string[] {
  const byName = new Map(catalog.relations.map((relation) => [keyOf(relation), relation]));
  const closed = access.deny.filter((name) => !byName.has(keyOf(name)));
  const masked = access.masks.filter((mask) => {
    const columns = byName.get(keyOf(mask))?.columns ?? [];
    return !columns.some(({ name }) => name === mask.column);
  });
  return [
    ...closed.map(({ schema, name }) => `${schema}.${name}`),
    ...masked.map(({ schema, name, column }) => `${schema}.${name}.${column}`),
  ];
}

/**
 * The masks of each relation: those of its whole family, and of what any of the family computes from
 * them. A child may compute in its own way what its parent shows.
 */
function masksIn(
  access: Access,
  familyOf: (relation: Relation) => readonly Relation[],
): (relation: Relation) => ReadonlyMap<string, MaskKind> {
  const masked = Map.groupBy(access.masks, (mask) => keyOf(mask));
  const known = new Map<number, ReadonlyMap<string, MaskKind>>();
  return (relation) => {
    const found = known.get(relation.oid);
    if (found !== undefined) return found;
    const { schema, name } = relation;
    const family = familyOf(relation);
    const all = familyOf(relation).flatMap((each) => masked.get(keyOf(each)) ?? []);
    const own = strictestMasks(all.map((mask) => ({ ...mask, schema, name })));
    const masks = withComputed(new Map(own.map(({ column, how }) => [column, how])), family);
    for (const { oid } of family) known.set(oid, masks);
    return masks;
  };
}

/** A column that is computed from a masked one tells what was in it, in whatever form. */
function withComputed(
  direct: ReadonlyMap<string, MaskKind>,
  family: readonly Relation[],
): ReadonlyMap<string, MaskKind> {
  const masks = new Map(direct);
  if (masks.size === 0) return masks;
  const computed = family.flatMap((each) => each.computed ?? []);
  // What one of the family computes can be a plain column of another, which computes from that.
  for (let before = -1; before < masks.size;) {
    before = masks.size;
    for (const { name, from } of computed)
      if (!masks.has(name) && from.some((source) => masks.has(source))) masks.set(name, 'redact');
  }
  return masks;
}

/** Relations that share rows, each with all others that it is connected with. */
function familiesOf(relations: readonly Relation[]): ReadonlyMap<number, readonly Relation[]> {
  const families = new Map<number, Set<Relation>>();
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  for (const relation of relations) {
    for (const oid of relation.kin) {
      const other = byOid.get(oid);
      if (other === undefined) continue;
      const all = (families.get(relation.oid) ?? new Set([relation])).union(
        families.get(oid) ?? new Set([other]),
      );
      for (const each of all) families.set(each.oid, all);
    }
  }
  return new Map([...families].map(([oid, all]) => [oid, [...all]]));
}

/** What belongs to the server: its catalog is shown by tools, not by statements. */
function isSystem({ schema }: QualifiedName): boolean {
  return schema.startsWith('pg_') || schema === 'information_schema';
}

function among(names: readonly QualifiedName[]): (name: QualifiedName) => boolean {
  const keys = new Set(names.map((name) => keyOf(name)));
  return (name) => keys.has(keyOf(name));
}

const keyOf = ({ schema, name }: QualifiedName): string => JSON.stringify([schema, name]);
