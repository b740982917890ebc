import { isUtf8 } from 'node:buffer';

import { type Oid, refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { BlobText, BlobWindow } from '../results.ts';
import { type LinesFound, LineWindow } from './line-window.ts';
import { shownPart } from './shown-line.ts';
import { createTextBytes } from './text-bytes.ts';

/**
 * Reads a window of a blob's lines. Refuses `path.not_a_file` for what is no blob, and
 * `line.out_of_range` when the text ends before the window.
 *
 * A blob with a NUL among its first bytes is binary, as for git, unless it says that it is UTF-16. Ends
 * of lines are kept as they are. A window holds whole lines, so none is lost between two windows; only
 * where a single line is larger than `bytes`, its beginning stands alone, with an ellipsis behind it. A
 * secret is not divided by that: the line ends before it.
 */
export async function blob(handle: Handle, oid: Oid, window: BlobWindow): Promise<BlobText> {
  const info = (await handle.objects.info(oid)) ?? refuse('object.missing', { detail: oid });
  const { kind, size } = info;
  if (kind !== 'blob') return refuse('path.not_a_file', { detail: kind });
  if (size > LIMITS.blobBytesMax) return { kind: 'too large', size };
  const lines = new LineWindow(window.startLine, window.lines, window.bytes);
  const text = createTextBytes((piece) => lines.push(piece));
  await handle.objects.stream(oid, LIMITS.blobBytesMax, (piece) => text.push(piece));
  if (!text.end()) return { kind: 'binary', size };
  const found = lines.end();
  if (window.startLine > Math.max(1, found.totalLines)) return refuse('line.out_of_range');
  const read = windowOf(found, window.startLine, size);
  return text.lossy ? { ...read, lossy: true } : read;
}

type Readable = Extract<BlobText, { kind: 'text' }>;

function windowOf(found: LinesFound, startLine: number, size: number): Readable {
  const { bytes, lines, cut, ended, totalLines } = found;
  const endLine = startLine + lines - 1;
  return {
    kind: 'text',
    size,
    text: cut === undefined ? bytes.toString('utf8') : beginning(bytes, cut),
    startLine,
    endLine,
    totalLines,
    nextLine: endLine < totalLines ? endLine + 1 : undefined,
    cut: cut !== undefined,
    ended,
    lossy: !isUtf8(bytes),
  };
}

function beginning(part: Buffer, after: Buffer): string {
  return shownPart({
    before: '',
    part: part.toString('latin1'),
    after: after.toString('latin1'),
  });
}
