import type { QualifiedName } from '../policy.ts';

/** What kind of relation, in the words of the documentation. */
export type RelationKind =
  | 'table'
  | 'partitioned table'
  | 'view'
  | 'materialized view'
  | 'foreign table'
  | 'sequence';

/** One relation, as the database itself describes it. Plain data: the adapter reads it, the guard judges it. */
export interface Relation extends QualifiedName {
  readonly oid: number;
  readonly kind: RelationKind;
  /** True when the role may read at least one column. */
  readonly readable: boolean;
  /** Relations that a view reads, directly, by oid. They need not be in the catalog: other schemas count. */
  readonly sources: readonly number[];
  /** Relations that share rows with it by inheritance or partitioning, directly, by oid. */
  readonly kin: readonly number[];
  /** Columns that the role may read, in order; given for relations that may be masked, empty for others. */
  readonly columns: readonly CatalogColumn[];
}

export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
}

/** A function that an operator allowed or an extension brings, as the database knows it. */
export interface CatalogFunction extends QualifiedName {
  /** The extension that it belongs to. */
  readonly extension: string | undefined;
  readonly isSecurityDefiner: boolean;
  /** The language is trusted, or C within an allowed extension. */
  readonly isTrusted: boolean;
}

/** What there is in one database, read once and again when a name is missing. */
export interface Catalog {
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
  /** Schemas of the allowed extensions: they join `pg_catalog` on the search path. */
  readonly extensionSchemas: readonly string[];
}
