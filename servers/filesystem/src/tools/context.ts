import type { Call } from '@secure-mcp/runtime';

import type { Disk } from '../adapter/index.ts';
import type { PathInRoot } from '../guard/index.ts';
import type { RootRights } from '../policy.ts';

type Asked<Method extends keyof Disk> = Disk[Method] extends (
  ...args: [infer What, infer How, infer _Run]
) => infer Answer
  ? (what: What, how: How) => Answer
  : never;

/** All that a tool of this server is handed for one call. */
export interface Context {
  /** The roots that this caller may use. */
  readonly rights: readonly RootRights[];
  /** Reads a caller's path, and notes it for the audit trail. */
  path(text: string): PathInRoot;
  /** Reads a caller's URI, and notes it for the audit trail. */
  uri(text: string): PathInRoot;
  /** The disk, under this call's signal, deadline and progress. */
  readonly disk: {
    readonly read: Asked<'read'>;
    readonly list: Asked<'list'>;
    readonly find: Asked<'find'>;
    readonly search: Asked<'search'>;
  };
  readonly secrets: Call['secrets'];
}
