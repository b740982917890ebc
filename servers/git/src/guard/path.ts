import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type TreePath = Trusted<string, 'TreePath'>;
export const treePath = boundedText(4096).brand<'TreePath'>();
