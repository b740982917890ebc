/** Longest glob, in characters. */
export const GLOB_CHARACTERS_MAX = 512;
/** Braces inside braces at most, so that the translation stays a flat loop with a small stack. */
const BRACE_DEPTH_MAX = 4;

/**
 * Translates a glob to a regular expression for the linear engine, or says that it is malformed.
 *
 * `*` and `?` stay within a name, `**` crosses names, `[…]` and `{a,b}` work as in a shell. Braces
 * become alternatives instead of being expanded: `{a,b}` eighteen times over is 18 groups here and
 * 262,144 patterns in an expanding engine (CVE-2026-27904 is a relative).
 */
export function globToExpression(glob: string): string | undefined {
  if (glob.length === 0 || glob.length > GLOB_CHARACTERS_MAX) return undefined;
  let expression = '';
  let braces = 0;
  for (let at = 0; at < glob.length;) {
    const step = translate(glob, at, braces);
    if (step === undefined || step.braces > BRACE_DEPTH_MAX) return undefined;
    expression += step.expression;
    braces = step.braces;
    at = step.next;
  }
  return braces === 0 ? expression : undefined;
}

interface Step {
  readonly expression: string;
  readonly next: number;
  readonly braces: number;
}

function translate(glob: string, at: number, braces: number): Step | undefined {
  const symbol = glob.charAt(at);
  switch (symbol) {
    case '*':
      return { ...stars(glob, at), braces };
    case '?':
      return { expression: '[^/]', next: at + 1, braces };
    case '[':
      return withBraces(characterClass(glob, at), braces);
    case '{':
      return { expression: '(?:', next: at + 1, braces: braces + 1 };
    case '}':
      return braces > 0
        ? { expression: ')', next: at + 1, braces: braces - 1 }
        : { expression: '\\}', next: at + 1, braces };
    case ',':
      return { expression: braces > 0 ? '|' : ',', next: at + 1, braces };
    case '\\':
      return at + 1 < glob.length
        ? { expression: quote(glob.charAt(at + 1)), next: at + 2, braces }
        : undefined;
    default: {
      const character = String.fromCodePoint(glob.codePointAt(at) ?? 0);
      return { expression: quote(character), next: at + character.length, braces };
    }
  }
}

function withBraces(step: Omit<Step, 'braces'> | undefined, braces: number): Step | undefined {
  return step === undefined ? undefined : { ...step, braces };
}

/** A double star crosses names only where it is a whole name by itself; elsewhere it is a star. */
function stars(glob: string, at: number): Omit<Step, 'braces'> {
  let next = at;
  while (glob.charAt(next) === '*') next += 1;
  const startsName = at === 0 || glob.charAt(at - 1) === '/';
  if (next - at < 2 || !startsName) return { expression: '[^/]*', next };
  if (glob.charAt(next) === '/') return { expression: '(?:[^/]+/)*', next: next + 1 };
  return next === glob.length ? { expression: '.*', next } : { expression: '[^/]*', next };
}

function characterClass(glob: string, at: number): Omit<Step, 'braces'> | undefined {
  const negated = glob.charAt(at + 1) === '!' || glob.charAt(at + 1) === '^';
  const from = at + (negated ? 2 : 1);
  const end = glob.indexOf(']', from + 1);
  if (end < 0) return undefined;
  const content = glob.slice(from, end);
  if (hasBackwardRange(content)) return undefined;
  const members = content.replace(/[\\[\]^&~|]/g, '\\$&');
  // A class never matches a separator, also when it is negated.
  return { expression: negated ? `[^/${members}]` : `[${members}]`, next: end + 1 };
}

/** `[z-a]` holds nothing, and the engine refuses to compile it. */
function hasBackwardRange(content: string): boolean {
  return [...content.matchAll(/(.)-(.)/gsu)].some(
    ([, low = '', high = '']) => (low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0),
  );
}

/** Makes a character stand for itself. */
function quote(character: string): string {
  return /^[\w\u{80}-\u{10ffff}]$/u.test(character) ? character : `\\${character}`;
}

/** True for a glob that can be compiled. */
export function isGlob(text: string): boolean {
  return globToExpression(text) !== undefined;
}
