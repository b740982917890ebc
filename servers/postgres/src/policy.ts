/**
 * What may be done: plain data and pure functions. This room imports nothing, so it can be read and
 * tested by itself.
 */

/** A relation by both of its names. A name alone could mean another one under another search path. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** How a masked column is shown, the one that shows least first: `redact` says that there is something. */
export const MASK_KINDS = ['null', 'redact', 'hash', 'domain', 'last4'] as const;
export type MaskKind = (typeof MASK_KINDS)[number];

/** One column that nobody sees as it is, wherever a statement refers to it. */
export interface Mask extends QualifiedName {
  readonly column: string;
  readonly how: MaskKind;
}

/** What one caller may read in one database. */
export interface Access {
  /** Schemas that exist for the caller. An unqualified relation is looked for in this order. */
  readonly schemas: readonly string[];
  /** When given, only these relations exist. */
  readonly only: readonly QualifiedName[] | undefined;
  /**
   * What the operator named and so vouches for: views over what is closed, foreign tables, sequences.
   * The same as `only`, unless a caller's policy has narrowed that.
   */
  readonly vouched?: readonly QualifiedName[];
  /** True when a caller's policy closes or masks more: the operator's word for a view is older than that. */
  readonly isNarrowed?: boolean;
  /** Relations that do not exist for the caller, whatever else says so. */
  readonly deny: readonly QualifiedName[];
  readonly masks: readonly Mask[];
  /** Extensions whose functions, types and operators may be used. */
  readonly extensions: readonly string[];
  /** Further functions that the operator vouches for, by qualified name. */
  readonly functions: readonly QualifiedName[];
}

/** What a statement runs as. It is bound into the session, never written into a statement. */
export interface RunAs {
  /** A role that the login role may become, for row-level security by role. */
  readonly role: string | undefined;
  /** Settings that row-level security policies read, such as `app.tenant`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The login role as it is. */
export const LOGIN_ROLE: RunAs = { role: undefined, settings: {} };

/** Bounds of one statement; an operator's options narrow them. */
export interface StatementLimits {
  readonly timeoutMs: number;
  readonly lockTimeoutMs: number;
}

/** Hard limits. Each says which attack or accident it bounds. */
export const LIMITS = {
  /** The worst statement of this size keeps the parser busy for some 80 ms, and nobody waits longer. */
  sqlCharactersMax: 32_768,
  /** Nodes of a parsed statement. */
  nodesMax: 20_000,
  /** Nodes on the way down: our walk and the server's stack. */
  depthMax: 200,
  parametersMax: 100,
  /** As many as there may be fit into one message of 1 MiB, beside the longest statement. */
  parameterCharactersMax: 8192,
  rowsDefault: 100,
  rowsMax: 1000,
  /** How far into a result a page can begin. */
  offsetMax: 1_000_000,
  /** Characters of one cell that are shown; the rest is flagged. */
  cellCharactersMax: 8192,
  /** Characters of all cells of an answer. */
  resultCharactersMax: 262_144,
  /** Bytes that one call may bring over the wire. Above that the connection is destroyed. */
  wireBytesMax: 4_194_304,
  /** Cells that one call may bring: a NULL is four bytes on the wire, and more in here. */
  wireCellsMax: 262_144,
  /** Relations that one database may show; a larger one needs an allow list. */
  relationsMax: 20_000,
  /** Elements that a function may make out of nothing: `generate_series`, `repeat`, `lpad`. */
  expansionMax: 1_000_000,
  /** An identifier of PostgreSQL, in bytes (NAMEDATALEN - 1). */
  identifierBytesMax: 63,
  /** How long a cursor can be sent back, in milliseconds. */
  cursorMs: 600_000,
  searchDefault: 100,
  searchMax: 1000,
  filtersMax: 20,
} as const;

/** True when two names mean the same relation. */
export function isSame(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** What a caller's policy takes away. It can add nothing. */
export interface Narrowing {
  readonly schemas: readonly string[] | undefined;
  readonly only: readonly QualifiedName[] | undefined;
  readonly deny: readonly QualifiedName[];
  readonly masks: readonly Mask[];
}

/** What is left of an operator's access for one caller. */
export function narrow(access: Access, by: Narrowing): Access {
  const { schemas, only } = by;
  return {
    ...access,
    schemas: access.schemas.filter((schema) => schemas?.includes(schema) !== false),
    only: both(access.only, only),
    vouched: access.vouched ?? access.only ?? [],
    isNarrowed: access.isNarrowed === true || by.deny.length + by.masks.length > 0,
    deny: [...access.deny, ...by.deny],
    masks: strictestMasks([...access.masks, ...by.masks]),
  };
}

function both(
  a: readonly QualifiedName[] | undefined,
  b: readonly QualifiedName[] | undefined,
): readonly QualifiedName[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.filter((name) => b.some((other) => isSame(name, other)));
}

/** One mask for each column: the one that shows least. */
export function strictestMasks(masks: readonly Mask[]): readonly Mask[] {
  const byColumn = Map.groupBy(masks, ({ schema, name, column }) =>
    JSON.stringify([schema, name, column]),
  );
  return [...byColumn.values()].flatMap((same) =>
    same.toSorted((a, b) => MASK_KINDS.indexOf(a.how) - MASK_KINDS.indexOf(b.how)).slice(0, 1),
  );
}

/** Takes `schema.name` apart, as an operator writes it. A schema has judged its form. */
export function qualified(text: string): QualifiedName {
  const [schema = '', name = ''] = text.split('.');
  return { schema, name };
}

/** Takes `schema.relation.column` apart. */
export function columnOf(text: string): QualifiedName & { readonly column: string } {
  const [schema = '', name = '', column = ''] = text.split('.');
  return { schema, name, column };
}
