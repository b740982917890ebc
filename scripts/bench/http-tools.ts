import * as z from 'zod';

/** As many tools as a server of ours has; each request registers them, so they are part of its cost. */
const TOOLS = 14;

const text = z.string().max(10_000);
/** Made once: made for each request, they would be most of its cost. */
export const HEARD = z.strictObject({ text });
export const SAID = z.strictObject({ text });

/** Tools that do nothing, so that what is measured is the way to them. */
export const TOOL_NAMES = Array.from({ length: TOOLS }, (_, at) => `echo_${String(at)}`);
export const TITLE = 'Echo';
export const DESCRIPTION = 'Says what it hears.';
