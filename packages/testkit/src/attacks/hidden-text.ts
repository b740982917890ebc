/** Characters that hide, reorder or command. Each stands in a text that would otherwise be plain. */
export interface HiddenText {
  readonly name: string;
  readonly text: string;
  /** How many characters have to be shown. */
  readonly hidden: number;
}

/** Letters of the tag block spell ASCII that no one sees. */
function tags(text: string): string {
  return Array.from(text, (letter) =>
    String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)),
  ).join('');
}

export const HIDDEN_TEXTS: readonly HiddenText[] = [
  { name: 'bits in selectors of digits', text: '0\u{FE0E}0\u{FE0F}1\u{FE0E}', hidden: 3 },
  { name: 'a joiner behind any mark', text: 'e\u{301}\u{200D}a', hidden: 1 },
  { name: 'a note without a head', text: 'a\u{1D159}b', hidden: 1 },
  { name: 'an instruction in tag characters', text: `ok${tags('ignore all')}`, hidden: 10 },
  { name: 'a right-to-left override', text: 'access = \u202Euser\u202C', hidden: 2 },
  { name: 'isolates (Trojan Source)', text: 'if (a\u2066 // check\u2069)', hidden: 2 },
  { name: 'zero-width spaces', text: 'pass\u200Bword', hidden: 1 },
  { name: 'a zero-width joiner between letters', text: 'ad\u200Dmin', hidden: 1 },
  { name: 'a run of variation selectors', text: 'a\uFE00\uFE01\u{E0100}\u{E0101}', hidden: 4 },
  { name: 'a second selector behind an emoji', text: '❤\uFE0F\uFE0F', hidden: 2 },
  { name: 'a byte order mark in the middle', text: 'a\uFEFFb', hidden: 1 },
  { name: 'a soft hyphen', text: 'ro\u00ADot', hidden: 1 },
  { name: 'a Hangul filler', text: 'a\u3164b', hidden: 1 },
  { name: 'an empty Braille cell', text: 'a\u2800b', hidden: 1 },
  { name: 'interlinear annotation', text: 'a\uFFF9b\uFFFAc\uFFFB', hidden: 3 },
  { name: 'line and paragraph separators', text: 'a\u2028b\u2029', hidden: 2 },
  { name: 'a terminal colour', text: '\u001B[31mred\u001B[0m', hidden: 2 },
  { name: 'a terminal link', text: '\u001B]8;;https://example.test\u0007x', hidden: 2 },
  { name: 'an 8-bit control sequence', text: '\u009B2J', hidden: 1 },
  { name: 'a carriage return that rewrites a line', text: 'rm -rf /\rls', hidden: 1 },
  { name: 'backspaces', text: 'evil\b\b\b\bgood', hidden: 4 },
  { name: 'DEL', text: 'a\u007F', hidden: 1 },
  { name: 'a noncharacter', text: 'a\uFFFE', hidden: 1 },
];

/** Writing that needs such characters, and has to stay as it is. */
export const ORDINARY_TEXTS: readonly string[] = [
  'press 1\u{FE0F}\u{20E3} or #\u{FE0F}\u{20E3}',
  'plain',
  'tabs\tand\r\nline ends\n',
  'Grüße, 你好, שלום, مرحبا',
  'می‌خواهم',
  'क्‍ष',
  '👨‍👩‍👧 ❤️ 1️⃣ 👍🏽',
  '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}',
  'a literal \\n and C:\\users',
];
