import { parseConnectionUrl } from '../guard/dsn.ts';
import { createDatabase, type DatabaseOptions } from './create-database.ts';
import type { Database } from './database.ts';
import { findPrograms } from './embedded/programs.ts';

/** Says why there can be no demonstration here, or nothing. */
export { EmbeddedMissing } from './embedded/programs.ts';

/** Looks for PostgreSQL's programs. Throws `EmbeddedMissing`. */
export function assertDemo(): void {
  findPrograms();
}

/** What is running for a demonstration. */
interface Running {
  readonly database: Database;
  close(): Promise<boolean>;
}

/**
 * A database of our own, with sample data. It starts with the first call that needs it: a client may
 * start a server only to ask what tools it has.
 */
export function createDemoDatabase(options: Omit<DatabaseOptions, 'target'>): Database {
  let running: Promise<Running> | undefined;
  const start = async (): Promise<Running> => {
    const { startDemoDatabase } = await import('./embedded/index.ts');
    const demo = await startDemoDatabase();
    const parsed = parseConnectionUrl(demo.url);
    if (!parsed.ok) throw new TypeError(`the demo's URL: ${parsed.problem}`);
    const database = createDatabase({ ...options, target: parsed.target });
    return {
      database,
      async close() {
        const clean = await database.close();
        await demo.close();
        return clean;
      },
    };
  };
  const open = async (): Promise<Database> => {
    running ??= start();
    return (await running).database;
  };
  return {
    name: options.name,
    catalog: async (...parts) => (await open()).catalog(...parts),
    read: async (...parts) => (await open()).read(...parts),
    explain: async (...parts) => (await open()).explain(...parts),
    ask: async (...parts) => (await open()).ask(...parts),
    posture: async (run) => (await open()).posture(run),
    close: async () => running === undefined || (await running).close(),
  };
}
