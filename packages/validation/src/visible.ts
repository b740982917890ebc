/**
 * Text in which nothing can hide.
 *
 * Invisible, bidirectional, tag and control characters can carry instructions that a person does not
 * see (ASCII smuggling), reorder what they do see (CVE-2021-42574) or drive a terminal (CWE-150).
 * Deleting them would corrupt data, so each becomes `\u{HEX}`, and {@link fromVisible} brings it back.
 */

/** Everything that draws nothing or reorders what is drawn. Tab, line feed and the visible format marks stay. */
const HIDDEN =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\p{Noncharacter_Code_Point}\u2800\u{1D159}]--[\t\n\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}]]/v;
const HIDDEN_ALL = new RegExp(HIDDEN.source, 'gv');

/** The escape's own opening, in any text: escaping its backslash is what makes the escape reversible. */
const OPENING = /\\(?=u\{[0-9A-F]{1,6}\}|x\{[0-9A-F]{2}\})/g;

/** Most text is plain ASCII; one native test saves the rest of the work. */
const NEEDS_WORK = /[^\t\n\x20-\x7e]|\\[ux]\{/;

/**
 * Joiners and selectors that ordinary writing needs: an emoji followed by its selector, a keycap, emoji
 * joined into one, letters of scripts that shape with joiners, and the flags that Unicode defines by tags.
 * Runs of two or more never match: a run is how bits are smuggled.
 */
const ORDINARY =
  /(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F](?![\u200B-\u200F\uFE00-\uFE0F])|(?<=[0-9#*])\uFE0F(?=\u20E3)|(?<=\p{Extended_Pictographic}[\uFE0F\u{1F3FB}-\u{1F3FF}]?)\u200D(?=\p{Extended_Pictographic})|(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Oriya}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Mongolian}])[\u200C\u200D](?=[\p{L}\p{M}])|(?<=\u{1F3F4})\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}/gv;

/** Text made visible, and how many characters had to be escaped for it. */
export interface VisibleText {
  readonly text: string;
  readonly escaped: number;
}

/** Makes every hidden character of a text visible. Tabs, line feeds and CRLF stay as they are. */
export function toVisible(text: string): VisibleText {
  return NEEDS_WORK.test(text)
    ? showHidden(text.replace(OPENING, () => '\\u{5C}'))
    : { text, escaped: 0 };
}

/**
 * The same for a text that was written with {@link toVisibleName} and has escapes already: they stay
 * as they are. A text from outside would not be reversible this way.
 */
export function showHidden(text: string): VisibleText {
  if (!HIDDEN.test(text)) return { text, escaped: 0 };
  const kept = ordinarySpans(text);
  let escaped = 0;
  const visible = text.replace(HIDDEN_ALL, (hidden: string, at: number) => {
    const isLineEnd = hidden === '\r' && text.charCodeAt(at + 1) === 0x0a;
    if (isLineEnd || kept.has(at)) return hidden;
    escaped += 1;
    return escapeOf(hidden);
  });
  return { text: visible, escaped };
}

/**
 * Makes a name visible on one line: a line feed in a file name could otherwise forge a second entry
 * in a listing.
 */
export function toVisibleName(name: string): string {
  return toVisible(name).text.replace(/[\t\n\r]/g, escapeOf);
}

/** Brings back the exact text from {@link toVisible} or {@link toVisibleName}. */
export function fromVisible(text: string): string {
  return text.replace(/\\u\{([0-9A-F]{1,6})\}/g, (escape, hex: string) => {
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : escape;
  });
}

function ordinarySpans(text: string): ReadonlySet<number> {
  const kept = new Set<number>();
  for (const match of text.matchAll(ORDINARY)) {
    for (let at = match.index; at < match.index + match[0].length; at += 1) kept.add(at);
  }
  return kept;
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
}
