import * as z from 'zod';

/**
 * A parse that failed. Like Zod's own, it words its error when that is first asked for, and holds
 * nothing of what it judged from then on. Unlike Zod's, `error` is its class's and no property of its own.
 */
class Failure {
  readonly success = false;
  /** The error, or what words it. */
  #error: z.ZodError | (() => z.ZodError);

  constructor(word: () => z.ZodError) {
    this.#error = word;
  }

  get error(): z.ZodError {
    const error = typeof this.#error === 'function' ? this.#error() : this.#error;
    this.#error = error;
    return error;
  }

  set error(error: z.ZodError) {
    this.#error = error;
  }
}

function safeParse(schema: z.ZodType, value: unknown, params?: z.core.ParseContext): object {
  const context = { ...params, async: false };
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) throw new z.core.$ZodAsyncError();
  const { issues } = result;
  if (issues.length === 0) return { success: true, data: result.value };
  return new Failure(
    () =>
      new z.ZodRealError(
        issues.map((issue) => z.core.util.finalizeIssue(issue, context, z.core.config())),
      ),
  );
}

/**
 * Keeps a parse of an object that failed from outliving what it judged, in this process. Zod answers it
 * with an object whose `error` is a getter of that object's own, and V8 counts what stands behind such a
 * getter among the old objects: the issues, the message, and all that they lead to, until it next
 * collects those. The SDK asks of each request several times whether it is an answer, and a tenth of the
 * time that a request takes went into moving what had been over for long.
 *
 * A program may do so, and a library may not: it reaches every schema of an object in the process.
 */
export function letGoOfFailedParses(): void {
  // The first schema completes what all of them inherit.
  const inherited: unknown = Object.getPrototypeOf(z.object({}));
  if (typeof inherited !== 'object' || inherited === null) return;
  // Bound when first read, as Zod binds its own.
  Object.defineProperty(inherited, 'safeParse', {
    ...Object.getOwnPropertyDescriptor(inherited, 'safeParse'),
    get(this: z.ZodType) {
      const value = (judged: unknown, params?: z.core.ParseContext): object =>
        safeParse(this, judged, params);
      Object.defineProperty(this, 'safeParse', {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
      return value;
    },
  });
}
