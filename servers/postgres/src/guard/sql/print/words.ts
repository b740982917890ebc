/** An identifier, always quoted: no keyword, case or server encoding can make another one of it. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A string constant. A backslash gets the form that means the same whatever the session says about
 * `standard_conforming_strings`.
 */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

export const qualified = (names: readonly string[]): string => names.map(quoteIdentifier).join('.');

/** Puts the parts that are there beside each other. */
export function words(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
}

export const list = (parts: readonly string[]): string => parts.join(', ');
export const inParentheses = (parts: readonly string[]): string => `(${list(parts)})`;

/** `KEYWORD part`, when there is a part. */
export function clause(keyword: string, part: string | undefined): string | undefined {
  return part === undefined || part === '' ? undefined : `${keyword} ${part}`;
}
