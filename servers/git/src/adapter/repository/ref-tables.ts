import { closeSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { parseTableList } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import { type Judged, type Piece, putFile, type Taken, takePiece } from './pieces.ts';
import type { Layout } from './layout.ts';
import { openPlain } from './plain-file.ts';
import { hostBytes, type Pace } from './plain-tree.ts';
import { fileProblem, findingOf, type Report } from './report.ts';

const DIRECTORY = 'reftable';
const PIECE_BYTES = 262_144;
/** A list can name a table that was merged into another one meanwhile: then there is a newer list. */
const TRIES = 3;

/** A table is never written again, so that a list that changed is all that can have changed. */
const LIST: Piece = {
  base: 'commonDir',
  steps: [DIRECTORY, 'tables.list'],
  bytesMax: LIMITS.tableListBytesMax,
  rebuilds: true,
  judge: judgeList,
};

/** A linked work tree has tables of its own besides. */
const WORKTREE_LIST: Piece = { ...LIST, base: 'gitDir' };

/** Written anew, so that nothing stands in it but what was understood. */
function judgeList(bytes: Buffer): Judged {
  const names = parseTableList(bytes.toString('latin1'));
  if (names === undefined) return { ok: false, finding: 'layout.tables' };
  return { ok: true, shown: Buffer.from(names.map((name) => `${name}\n`).join(''), 'latin1') };
}

/**
 * Copies the tables in which a repository keeps its refs, those that its list names. They are not linked:
 * the list says which files git opens, and could say something else a moment after it was judged.
 */
export async function copyRefTables(
  places: { readonly layout: Layout; readonly directory: string; readonly common: string },
  taken: Map<Piece, Taken>,
  report: Report,
  pace: Pace,
): Promise<void> {
  const { layout, directory, common } = places;
  await copyStack({ list: LIST, layout, to: join(common, DIRECTORY) }, taken, report, pace);
  if (common !== directory)
    await copyStack(
      { list: WORKTREE_LIST, layout, to: join(directory, DIRECTORY) },
      taken,
      report,
      pace,
    );
}

interface Stack {
  readonly list: Piece;
  readonly layout: Layout;
  readonly to: string;
}

async function copyStack(
  stack: Stack,
  taken: Map<Piece, Taken>,
  report: Report,
  pace: Pace,
): Promise<void> {
  const { list, layout, to } = stack;
  mkdirSync(to, { mode: 0o700 });
  for (let left = TRIES; left > 0; left -= 1) {
    const result = takePiece(list, layout, report);
    if (result === undefined) return;
    taken.set(list, result.taken);
    if (result.bytes === undefined) return;
    const names = parseTableList(result.bytes.toString('latin1')) ?? [];
    // oxlint-disable-next-line no-await-in-loop -- one list after the other, by intent
    if (await copyTables(stack, names, report, pace)) {
      putFile(join(to, 'tables.list'), result.bytes);
      return;
    }
  }
  report.add(findingOf('layout.missing', hostBytes(DIRECTORY)));
}

/** False when one of them is not there. */
async function copyTables(
  { list, layout, to }: Stack,
  names: readonly string[],
  report: Report,
  pace: Pace,
): Promise<boolean> {
  let left: number = LIMITS.packedRefsBytesMax;
  for (const name of names) {
    const opened = openPlain(layout[list.base] ?? '', [DIRECTORY, name], left);
    if (opened.kind === 'absent') return false;
    if (opened.kind === 'problem') {
      report.add(fileProblem(opened.problem, hostBytes(`${DIRECTORY}/${name}`)));
      continue;
    }
    left -= opened.size;
    try {
      // oxlint-disable-next-line no-await-in-loop -- one table after the other, by intent
      await copyOpened(opened.fd, opened.size, join(to, name), pace);
    } finally {
      closeSync(opened.fd);
    }
  }
  return true;
}

async function copyOpened(from: number, size: number, to: string, pace: Pace): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size + 1));
  const target = openSync(to, 'w', 0o600);
  try {
    for (let left = size; left > 0;) {
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other, by intent
      await pace.rest();
      const length = readSync(from, buffer, 0, Math.min(buffer.length, left), null);
      if (length === 0) return;
      writeSync(target, buffer, 0, length);
      left -= length;
    }
  } finally {
    closeSync(target);
  }
}
