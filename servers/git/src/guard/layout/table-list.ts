/** As git (`0x…-0x….ref`) and JGit (without `0x`) name tables: one step that is no way anywhere. */
const TABLE = /^[0-9A-Za-z]{1,64}(?:-[0-9A-Za-z]{1,64}){0,4}\.(?:ref|log)$/;

/**
 * Reads `reftable/tables.list`: the files that hold the refs, one a line, as a binary string.
 *
 * Undefined for a line that is no plain name. git puts each line behind `reftable/` and opens what it
 * gets, so `../../../other/.git/reftable/…` shows the refs of another repository.
 */
export function parseTableList(text: string): readonly string[] | undefined {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.every((line) => TABLE.test(line)) ? lines : undefined;
}
