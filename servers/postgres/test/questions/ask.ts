import { Client } from 'pg';

import type { Cell } from '../../src/adapter/database.ts';
import type { Question } from '../../src/adapter/questions/question.ts';
import type { TestDatabase } from '../postgres.ts';

export interface Asker {
  ask<Row>(
    question: Question<Row>,
    parameters: readonly (Cell | readonly Cell[])[],
  ): Promise<readonly Row[]>;
  /** Statements sent so far. */
  statements(): number;
  close(): Promise<void>;
}

/** Asks questions as a role, over a plain connection: these tests are about the questions alone. */
export async function connectAsker(database: TestDatabase, role?: string): Promise<Asker> {
  const client = new Client({ connectionString: database.url(role) });
  await client.connect();
  await client.query('SET search_path = pg_catalog');
  let sent = 0;
  return {
    async ask(question, parameters) {
      const text = question.text(database.version);
      if (text === undefined) throw new Error(`${question.name} cannot be asked`);
      sent += 1;
      const { rows } = await client.query(
        text,
        parameters.map((value) => (Array.isArray(value) ? [...value] : value)),
      );
      return rows.map((row) => question.row.parse(row));
    },
    statements: () => sent,
    close: () => client.end(),
  };
}
