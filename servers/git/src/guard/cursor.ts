import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export const cursorText = boundedText(4096);
export interface CursorPosition {
  readonly skip: number;
  /** The snapshot that the pages are of. */
  readonly oid?: string | undefined;
  /** What it is compared with, where there are two. */
  readonly base?: string | undefined;
}
export type Cursor = Trusted<CursorPosition, 'Cursor'>;
