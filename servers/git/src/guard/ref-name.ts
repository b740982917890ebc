import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type RefName = Trusted<string, 'RefName'>;
export const refName = boundedText(256).brand<'RefName'>();
