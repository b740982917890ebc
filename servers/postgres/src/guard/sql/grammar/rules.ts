import type * as Ast from '@pgsql/types';

/** Every node of PostgreSQL's grammar, by its name. */
export type Bodies = { readonly [Node in Ast.Node as keyof Node]: Node[keyof Node] };
type AnyTag = keyof Bodies;

/** What a field of a node may hold. */
type Rule<Value> =
  /** Never: it writes, locks, or belongs to a tree that the server has already analysed. */
  | 'closed'
  | ([Value] extends [boolean]
      ? 'flag'
      : [Value] extends [number]
        ? /** A place in the text: it means nothing. */ 'number' | 'place'
        : [Value] extends [string]
          ? string extends Value
            ? 'text'
            : readonly Value[]
          : [Value] extends [readonly unknown[]]
            ? 'nodes'
            : /** Any node, or the one kind that the field holds; the parser leaves out its name then. */
              'node' | AnyTag);

/** A rule for each field, and for no other: a field that nobody has classified does not compile. */
type Fields<Name extends AnyTag> = {
  readonly [Field in keyof Required<Bodies[Name]>]: Rule<Exclude<Bodies[Name][Field], undefined>>;
};
export type Grammar = { readonly [Name in AnyTag]?: Fields<Name> };
