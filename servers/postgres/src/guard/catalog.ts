import type { QualifiedName } from '../policy.ts';

/** What kind of relation, in the words of the documentation. */
export type RelationKind =
  'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table' | 'sequence';

/** One relation, as the database itself describes it. Plain data: the adapter reads it, the guard judges it. */
export interface Relation extends QualifiedName {
  readonly oid: number;
  readonly kind: RelationKind;
  /** True when the role may read at least one column. */
  readonly readable: boolean;
  /** Relations that a view reads, directly, by oid. */
  readonly sources: readonly number[];
  /** True for a view that calls somebody's function: nobody records what that reads. */
  readonly opaque?: true;
  /** Relations that share rows with it by inheritance or partitioning, directly, by oid. */
  readonly kin: readonly number[];
  /**
   * Columns that the role may read, in order; given for relations that may be masked, and for those
   * with a column that looks names up; empty for others.
   */
  readonly columns: readonly CatalogColumn[];
  /** Columns that are computed from others of the same relation, readable or not: its kin show them. */
  readonly computed?: readonly ComputedColumn[];
}

interface ComputedColumn {
  readonly name: string;
  readonly from: readonly string[];
}

export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  /** True for a type whose input looks names up in the catalog, as `regclass` does, and for what is made of one. */
  readonly looksUp?: true;
}

/** A function that an operator allowed or an extension brings, as the database knows it. */
export interface CatalogFunction extends QualifiedName {
  /** The extension that it belongs to. */
  readonly extension: string | undefined;
  readonly isSecurityDefiner: boolean;
  /** The language is trusted, or C within an allowed extension. */
  readonly isTrusted: boolean;
}

/** A type that a statement may name besides those of `pg_catalog`. */
interface CatalogType extends QualifiedName {
  /** The allowed extension that brings it; `undefined` for an enum of one of the caller's schemas. */
  readonly extension: string | undefined;
}

/** What there is in one database, read once and again when a name is missing. */
export interface Catalog {
  /**
   * Relations of the caller's schemas, and all that their views and kin lead to, in whatever schema:
   * a view over something that is not here stays closed.
   */
  readonly relations: readonly Relation[];
  /** Every overload of each name, so that none hides behind another. */
  readonly functions: readonly CatalogFunction[];
  /** Base types of allowed extensions, and enums of the caller's schemas. No domain: its checks run code. */
  readonly types: readonly CatalogType[];
  /**
   * Names of all functions in `pg_catalog` and in the extension schemas that can be called with one
   * argument. Where no column has that name, `x.name` calls such a function.
   */
  readonly attributes: readonly string[];
  /** Schemas of the allowed extensions: they join `pg_catalog` on the search path. */
  readonly extensionSchemas: readonly string[];
}
