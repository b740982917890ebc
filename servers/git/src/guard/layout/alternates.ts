/**
 * Reads `objects/info/alternates`: directories whose objects count as this repository's own, one a line,
 * as Git quotes names (`"a\tb\303\251"`). A line that begins with `#` is a comment.
 *
 * Undefined for a line that could be read in two ways, or whose bytes are no UTF-8. git itself takes a
 * broken quotation literally and goes on behind the end of a whole one in the middle of its line.
 */
export function parseAlternates(text: string): readonly string[] | undefined {
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const path = line.startsWith('"') ? unquote(line) : line;
    if (path === undefined || path === '' || /[\0\ufffd]/.test(path)) return undefined;
    paths.push(path);
  }
  return paths;
}

const QUOTED = /^"((?:[^"\\]|\\(?:[abfnrtv\\"]|[0-3][0-7]{2}))*)"$/;
const ESCAPE = /\\([abfnrtv\\"]|[0-3][0-7]{2})/g;

const MEANINGS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** An octal escape is one byte, so the text is put together in bytes. */
function unquote(line: string): string | undefined {
  const [, quoted] = QUOTED.exec(line) ?? [];
  if (quoted === undefined) return undefined;
  const bytes = Buffer.from(quoted, 'utf8')
    .toString('latin1')
    .replace(
      ESCAPE,
      (_, code: string) => MEANINGS[code] ?? String.fromCharCode(Number.parseInt(code, 8)),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
