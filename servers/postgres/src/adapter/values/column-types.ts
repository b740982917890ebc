import * as z from 'zod';

import type { Question } from '../questions/question.ts';
import type { Answer } from '../session/connection.ts';
import { builtInType } from './built-in.ts';

/** Types of extensions and of users, by number and modifier. A database has few; an attacker can add none. */
export class ColumnTypes {
  readonly #names = new Map<string, string>();

  /** What has to be asked for before these columns can be named. */
  unknown(fields: Answer['fields']): readonly AskedType[] {
    return fields
      .filter((field) => this.nameOf(field) === undefined)
      .map(({ dataTypeID, dataTypeModifier }) => ({ oid: dataTypeID, modifier: dataTypeModifier }));
  }

  nameOf({ dataTypeID, dataTypeModifier }: Answer['fields'][number]): string | undefined {
    return (
      builtInType(dataTypeID, dataTypeModifier) ??
      this.#names.get(keyOf(dataTypeID, dataTypeModifier))
    );
  }

  learn(answers: readonly TypeName[]): void {
    if (this.#names.size + answers.length > REMEMBERED_MAX) this.#names.clear();
    for (const { oid, modifier, name } of answers) this.#names.set(keyOf(oid, modifier), name);
  }
}

const REMEMBERED_MAX = 10_000;

export interface AskedType {
  readonly oid: number;
  readonly modifier: number;
}

interface TypeName extends AskedType {
  readonly name: string;
}

function keyOf(oid: number, modifier: number): string {
  return `${String(oid)} ${String(modifier)}`;
}

/** `$1` are the numbers of types, `$2` their modifiers. */
export const TYPE_NAMES: Question<TypeName> = {
  name: 'type_names',
  text: () =>
    `SELECT oid::text AS oid, modifier, format_type(oid, modifier) AS name
     FROM unnest($1::oid[], $2::int4[]) AS asked(oid, modifier)`,
  row: z.object({
    oid: z.coerce.number(),
    modifier: z.number(),
    name: z.string(),
  }),
};
