/**
 * Keeps a parse that failed from outliving its message. Zod answers it with an object whose `error` is a
 * getter of that object's own, and V8 counts what stands behind such a getter among the old objects:
 * the issues, the message, and all that they lead to, until it next collects those. The SDK asks five
 * times of each request whether it is an answer, and a tenth of the time that a request takes went into
 * moving what had been over for long. Here the getter is its class's.
 *
 * It has to run before the first message is judged.
 */
import * as z from 'zod';

type Context = z.core.ParseContextInternal;
type Issues = z.core.$ZodRawIssue[];

/** A parse that failed. Like Zod's own, it words its error when that is first asked for. */
class Failure {
  readonly success = false;
  readonly #issues: Issues;
  readonly #context: Context;
  #error: z.ZodError | undefined;

  constructor(issues: Issues, context: Context) {
    this.#issues = issues;
    this.#context = context;
  }

  get error(): z.ZodError {
    return (this.#error ??= new z.ZodRealError(
      this.#issues.map((issue) => z.core.util.finalizeIssue(issue, this.#context, z.core.config())),
    ));
  }
}

function safeParse(schema: z.ZodType, value: unknown, params?: z.core.ParseContext): object {
  const context = { ...params, async: false };
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) throw new z.core.$ZodAsyncError();
  return result.issues.length > 0
    ? new Failure(result.issues, context)
    : { success: true, data: result.value };
}

// The first schema completes what all of them inherit. Bound when first read, as Zod binds its own.
Object.defineProperty(Object.getPrototypeOf(z.object({})), 'safeParse', {
  configurable: true,
  get(this: z.ZodType) {
    const bound = (value: unknown, params?: z.core.ParseContext): object =>
      safeParse(this, value, params);
    Object.defineProperty(this, 'safeParse', { value: bound, configurable: true, writable: true });
    return bound;
  },
});
