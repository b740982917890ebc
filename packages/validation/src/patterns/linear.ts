import { RE2JS, RE2JSSyntaxException } from 're2js';

/** A compiled pattern whose matching time grows with the text and never explodes. */
export interface LinearPattern {
  /** True when the pattern occurs anywhere in the text. */
  test(text: string): boolean;
  /** Where the first match begins, in UTF-16 units, or -1. */
  indexIn(text: string): number;
}

export type Compiled =
  | { readonly ok: true; readonly pattern: LinearPattern }
  | { readonly ok: false; readonly problem: string };

export interface PatternOptions {
  readonly ignoreCase?: boolean;
  /** Read the pattern as plain text. */
  readonly literal?: boolean;
}

/**
 * Compiles a pattern that somebody else wrote.
 *
 * JavaScript's own engine backtracks: `(?:[a-z]+_?)+\(\)` hangs on ordinary source code (CWE-1333).
 * RE2 has no backreference and no lookaround, so it needs no backtracking.
 */
export function compileLinear(source: string, options: PatternOptions = {}): Compiled {
  const flags = options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0;
  try {
    const expression = options.literal === true ? RE2JS.quote(source) : source;
    return { ok: true, pattern: wrap(RE2JS.compile(expression, flags)) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

function wrap(compiled: RE2JS): LinearPattern {
  return {
    test: (text) => compiled.test(text),
    indexIn(text) {
      const matcher = compiled.matcher(text);
      return matcher.find() ? matcher.start() : -1;
    },
  };
}

/** The engine's category of error. Its full message repeats the pattern, which is the caller's text. */
function problemOf(error: unknown): string {
  if (!(error instanceof RE2JSSyntaxException)) return 'too complex';
  const category = error.getDescription();
  return /^[a-zA-Z )]{1,60}$/.test(category) ? category : 'invalid pattern';
}
