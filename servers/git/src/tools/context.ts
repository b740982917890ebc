import type { Call } from '@secure-mcp/runtime';

import type { Audit, FoundRepositories, Repository } from '../adapter/index.ts';
import type { Cursor, CursorPosition, RepositoryId } from '../guard/index.ts';

/** All that a tool of this server is handed for one call. */
export interface Context {
  /** Names of the roots that the caller may use. */
  readonly roots: readonly string[];
  find(how: { readonly depth: number; readonly limit: number }): Promise<FoundRepositories>;
  /**
   * Opens a repository, noted for the audit trail. Without an id the only root's own.
   * Refuses `repository.unknown`.
   */
  open(id: RepositoryId | undefined): Promise<Repository>;
  audit(id: RepositoryId | undefined): Promise<Audit>;
  /** Where a page ended; it fits only the same question. Refuses `cursor.invalid`. */
  readCursor(text: string | undefined, question: unknown): Cursor;
  writeCursor(question: unknown, next: CursorPosition): string;
  readonly secrets: Call['secrets'];
  /** Notes secrets that a tool has covered itself, where lines have to stay lines. */
  hide(secrets: number): void;
}
