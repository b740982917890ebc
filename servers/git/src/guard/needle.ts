import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type Needle = Trusted<string, 'Needle'>;
export const needle = boundedText(256).brand<'Needle'>();
