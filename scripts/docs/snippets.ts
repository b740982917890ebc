import { readSource } from './repository.ts';

/** A fence that names its source: ```ts source="path#declaration". */
const FENCE = /^(```ts source="([^"#]+)#([^"]+)"\n)[^]*?^```$/gm;

/** Fills each fence that names a source with the code that stands there now. */
export function withSnippets(text: string, page: string): string {
  return text.replace(FENCE, (_, opening: string, file: string, name: string) => {
    const code = blockIn(readSource(file), name);
    if (code === undefined) throw new Error(`${page}: there is no "${name}" in ${file}`);
    return `${opening}${code}\n\`\`\``;
  });
}

/**
 * Finds a declaration by its name, or a test by a part of its title (`test:…`), with the comment
 * above it. The sources carry no marks for this: their format says where a block ends.
 */
function blockIn(source: string, name: string): string | undefined {
  const lines = source.split('\n');
  const first = name.startsWith('test:')
    ? testLine(lines, name.slice('test:'.length))
    : declarationLine(lines, name);
  if (first < 0) return undefined;
  const indent = indentOf(lines[first] ?? '');
  const last = lastLine(lines, first, indent);
  const block = lines.slice(commentLine(lines, first), last + 1);
  return block.map((line) => line.slice(indent)).join('\n');
}

function declarationLine(lines: readonly string[], name: string): number {
  const keyword = '(?:export )?(?:async )?(?:function\\*?|const|interface|type|class)';
  const declaration = new RegExp(`^\\s*${keyword} ${name}\\b`);
  return lines.findIndex((line) => declaration.test(line));
}

function testLine(lines: readonly string[], title: string): number {
  const titled = lines.findIndex((line) => line.includes(title));
  return lines.findLastIndex((line, index) => index <= titled && /^\s*test\b/.test(line));
}

function commentLine(lines: readonly string[], first: number): number {
  if (!/^\s*\*\/$|^\s*\/\*\*.*\*\/$/.test(lines[first - 1] ?? '')) return first;
  return lines.findLastIndex((line, index) => index < first && /^\s*\/\*\*/.test(line));
}

/** The line that closes what the first line opens: at the same indentation, and ending a statement. */
function lastLine(lines: readonly string[], first: number, indent: number): number {
  if (lines[first]?.endsWith(';') === true) return first;
  return lines.findIndex(
    (line, index) =>
      index > first && indentOf(line) === indent && /^\s*(?:[)\]}].*;|\})$/.test(line),
  );
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}
