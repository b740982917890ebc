import type * as z from 'zod';

/**
 * A statement of our own about the catalog: constant text, bound parameters, and the form of its rows.
 * Nothing of a caller stands in its text, so it needs no guard; no tool can write one.
 */
export interface Question<Row> {
  readonly name: string;
  /** The text for a server version, such as 170004; `undefined` where the version cannot answer. */
  text(version: number): string | undefined;
  /**
   * One row, by the names of its columns. int2, int4, float and bool come as numbers and booleans,
   * json and jsonb as what they hold, everything else, int8 and arrays included, as text.
   */
  readonly row: z.ZodType<Row>;
}
