/**
 * Keeps Zod from watching for values that hold themselves: it would remember each object of each message
 * that it judges, at a tenth of the time that a request takes. Nothing here holds itself: what comes in
 * was JSON, and what goes out becomes JSON.
 *
 * It has to run before the first schema is made, like `no-eval.ts`.
 */
import * as z from 'zod';

z.config({
  memoizer: {
    alloc: (_schema, _payload, empty) => empty,
    attach: () => undefined,
    guard: () => undefined,
  },
});
