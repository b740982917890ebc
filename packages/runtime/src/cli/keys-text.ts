import { type KeyFileContent, validityProblem } from '@secure-mcp/auth/network';

const HEADING = ['ID', 'PRINCIPAL', 'SCOPES', 'STATE', 'EXPIRES'] as const;

/** Lists what a file of keys grants. No hash of a key is shown: nobody has a use for it. */
export function keysText({ keys, certificates }: KeyFileContent, now: number): string {
  const entries = [...keys, ...certificates.map((entry) => ({ id: entry.certificate, ...entry }))];
  const rows = entries.map((entry) => [
    entry.id,
    entry.principal,
    entry.scopes.join(','),
    validityProblem(entry, now) ?? 'good',
    entry.expiresAt,
  ]);
  return tableText([[...HEADING], ...rows]);
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths = HEADING.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
