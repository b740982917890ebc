import type { Database, Run } from '../src/adapter/index.ts';
import type { StatementGuard } from '../src/guard/index.ts';

/** Compiled by a test, never run: each line that is marked has to be an error. */

const page = { as: { role: undefined, settings: {} }, searchPath: [], parameters: [] };

export async function whatNoGuardHasSeen(database: Database, run: Run): Promise<void> {
  // @ts-expect-error: a text is no ReadStatement.
  await database.read('SELECT 1', { ...page, skip: 0, limit: 1 }, run);
  const forged = { text: 'DROP TABLE orders', parameters: 0, fingerprint: '' };
  // @ts-expect-error: what looks like one is none.
  await database.read(forged, { ...page, skip: 0, limit: 1 }, run);
  // @ts-expect-error: neither is it to be explained, which runs it.
  await database.explain(forged, { ...page, analyze: true }, run);
}

export async function whatAGuardHasSeen(
  database: Database,
  guard: StatementGuard,
  run: Run,
): Promise<void> {
  await database.read(guard.parse('SELECT 1', 0), { ...page, skip: 0, limit: 1 }, run);
}
