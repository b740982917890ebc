import type { Access, MaskKind, QualifiedName } from '../policy.ts';
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
