import { closeSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { createPackedRefsCheck, type PackedRefsFacts } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import { openPlain } from './plain-file.ts';
import type { Pace } from './plain-tree.ts';
import { fileProblem, findingOf, type Report } from './report.ts';
import type { Stamp } from './stamp.ts';

/** What was copied of `packed-refs`. */
export interface PackedRefs {
  readonly stamp: Stamp;
  /** Undefined where there is no such file. */
  readonly facts: PackedRefsFacts | undefined;
}

const PIECE_BYTES = 262_144;

/**
 * Copies `packed-refs` while it is judged, line by line and a piece at a time: what git sees is what was
 * judged, whatever becomes of the file meanwhile.
 */
export async function copyPackedRefs(
  from: string,
  to: string,
  report: Report,
  pace: Pace,
): Promise<PackedRefs> {
  const opened = openPlain(from, ['packed-refs'], LIMITS.packedRefsBytesMax);
  if (opened.kind === 'problem') report.add(fileProblem(opened.problem, 'packed-refs'));
  if (opened.kind !== 'file') return { stamp: opened.stamp, facts: undefined };
  const target = join(to, 'packed-refs');
  const copy = openSync(`${target}.new`, 'w', 0o600);
  const check = createPackedRefsCheck();
  try {
    const inOrder = await copyChecked(opened.fd, copy, (piece) => check.feed(piece), pace);
    if (inOrder && check.end()) renameSync(`${target}.new`, target);
    else report.add(findingOf('layout.malformed', 'packed-refs'));
  } finally {
    closeSync(copy);
    closeSync(opened.fd);
  }
  return { stamp: opened.stamp, facts: check.facts };
}

async function copyChecked(
  from: number,
  to: number,
  feed: (piece: string) => boolean,
  pace: Pace,
): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let left = LIMITS.packedRefsBytesMax;
  while (left > 0) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other, by intent
    await pace.rest();
    const length = readSync(from, buffer, 0, buffer.length, null);
    if (length === 0) return true;
    const piece = buffer.subarray(0, length);
    if (!feed(piece.toString('latin1'))) return false;
    writeSync(to, piece);
    left -= length;
  }
  return false;
}
