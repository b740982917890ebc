/** A table of cells, as it is written out. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export const FORMATS = ['json', 'csv', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

export function tableText({ columns, rows }: Table, format: Format): string {
  const write = WRITERS[format];
  const head =
    format === 'markdown'
      ? [write(columns), markdownRow(columns.map(() => '---'))]
      : [write(columns)];
  return [...head, ...rows.map(write)].join('\n');
}

type Row = readonly unknown[];

const WRITERS: Readonly<Record<Format, (row: Row) => string>> = {
  // One array for each row, the first of names: a third shorter than an object for each.
  json: (row) => JSON.stringify(row),
  csv: (row) => row.map(csvField).join(','),
  markdown: (row) => markdownRow(row.map(markdownCell)),
};

/**
 * As RFC 4180 has it, and as COPY tells nothing from an empty text: the one is bare, the other quoted.
 *
 * A field that begins like a formula stays as it is. Whoever opens the text in a spreadsheet has to
 * import it as text; a character put before it would be a value that nobody stored.
 */
function csvField(cell: unknown): string {
  if (cell === null) return '';
  const text = textOf(cell);
  return text === '' || /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell cannot end its row or its column. */
function markdownCell(cell: unknown): string {
  if (cell === null) return 'NULL';
  return textOf(cell)
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replace(/\r?\n/g, '\\n')
    .replaceAll('\r', '\\r');
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
