import { boundedText, type Trusted } from '@secure-mcp/validation';

/** Skeleton: see the brief. */
export type Revision = Trusted<string, 'Revision'>;
export const revision = boundedText(256).brand<'Revision'>();
