import type { Grant, Scope } from '@secure-mcp/auth';

/** One resource of a listing. */
export interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

export type ResourceContent =
  | { readonly uri: string; readonly mimeType: string; readonly text: string }
  | { readonly uri: string; readonly mimeType: string; readonly blob: string }
  /** A text of names that have been made visible one by one. */
  | { readonly uri: string; readonly mimeType: string; readonly label: string };

/** A family of resources behind one URI template. */
export interface Resource<Context> {
  /** What the policy file calls it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** RFC 6570, simple and reserved expansion only: exploded variables made a matcher hang (CVE-2026-0621). */
  readonly uriTemplate: string;
  /** The URI scheme that this family answers for, with its colon. */
  readonly scheme: string;
  /** Tells the families of one scheme apart; a family without it answers for the whole scheme. */
  matches?(uri: string): boolean;
  readonly scope: Scope;
  /** What stands at the top; never the whole tree. */
  list(context: Context): readonly ListedResource[] | Promise<readonly ListedResource[]>;
  /** The URI is the caller's text: a guard has to parse it. */
  read(uri: string, context: Context): Promise<readonly ResourceContent[]>;
  /**
   * True when a caller may be told of changes of this very resource: scope and name of the family have
   * been judged, and what the policy says within it has not. A family without it cannot be watched.
   */
  mayWatch?(uri: string, grant: Grant): boolean;
  /** Values for one variable that begin like `value`. At most 100 reach the client. */
  complete(
    variable: string,
    value: string,
    known: Readonly<Record<string, string>>,
    context: Context,
  ): Promise<readonly string[]>;
}

/** Defines a resource family. A function of its own, so that the context's type is settled in one place. */
export function defineResource<Context>(definition: Resource<Context>): Resource<Context> {
  return definition;
}
