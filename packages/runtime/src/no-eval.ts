/**
 * Keeps Zod from building functions out of strings. Nothing in a server generates code then, so it
 * runs under `--disallow-code-generation-from-strings`; it also starts a little faster.
 *
 * It has to run before the first schema is made, so it is the first import of this package.
 */
import * as z from 'zod';

z.config({ jitless: true });
