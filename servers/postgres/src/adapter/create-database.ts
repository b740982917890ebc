import { type ConnectionTarget, refuse } from '../guard/index.ts';
import type { StatementLimits } from '../policy.ts';
import type { CatalogScope } from './catalog/catalog.ts';
import type { Database } from './database.ts';
import type { CredentialFiles } from './session/credentials.ts';

export interface DatabaseOptions {
  readonly name: string;
  readonly target: ConnectionTarget;
  /** Read again for each new connection. */
  readonly files: CredentialFiles;
  readonly scope: CatalogScope;
  readonly limits: StatementLimits;
  /** Connections at most. */
  readonly connections?: number | undefined;
  /** Serves although the role may do more than read. Not over HTTP, where the callers are others. */
  readonly unsafePrivilegedRole?: boolean | undefined;
  readonly transport: 'stdio' | 'http';
}

/** A database as it is once the driver is there. */
export type OpenDatabase = Omit<Database, 'name'>;

/**
 * Makes a database. Nothing is connected to and no driver is loaded before the first call: clients
 * start servers only to ask what tools they have.
 */
export function createDatabase(options: DatabaseOptions): Database {
  let loading: Promise<OpenDatabase> | undefined;
  let isClosed = false;
  const open = (): Promise<OpenDatabase> => {
    if (isClosed) refuse('database.unavailable');
    loading ??= import('./session/session.ts').then(({ openDatabase }) => openDatabase(options));
    return loading;
  };
  return {
    name: options.name,
    catalog: async (...parts) => (await open()).catalog(...parts),
    read: async (...parts) => (await open()).read(...parts),
    explain: async (...parts) => (await open()).explain(...parts),
    ask: async (...parts) => (await open()).ask(...parts),
    posture: async (run) => (await open()).posture(run),
    async close() {
      isClosed = true;
      return loading === undefined || (await loading).close();
    },
  };
}
