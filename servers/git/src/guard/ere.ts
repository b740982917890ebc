import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type Ere = Trusted<string, 'Ere'>;
export const ere = boundedText(256).brand<'Ere'>();
