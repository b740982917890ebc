import type * as z from 'zod';

/**
 * A statement of our own about the catalog: constant text, bound parameters, and the form of its rows.
 * Nothing of a caller stands in its text, so it needs no guard; no tool can write one.
 */
export interface Question<Row> {
  readonly name: string;
  /** The text for a server version, such as 170004; `undefined` where the version cannot answer. */
  text(version: number): string | undefined;
  readonly row: z.ZodType<Row>;
}
