import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export const cursorText = boundedText(4096);
export interface CursorPosition {
  readonly skip: number;
  readonly oid?: string | undefined;
}
export type Cursor = Trusted<CursorPosition, 'Cursor'>;
