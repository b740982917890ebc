import type { Stats } from 'node:fs';

import { SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

import { refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { ReadOptions } from '../job.ts';
import { readBytes, readChunks } from '../read/chunks.ts';
import { type LineEnds, type LineOptions, readLines, type TextLine } from '../read/lines.ts';
import type { Scan } from '../read/scan.ts';
import { openLine, type Screened, screenEnd, screenLine } from '../read/screen.ts';
import { Window } from '../read/window.ts';
import type { TextRead } from '../results.ts';
import { factsOf } from './facts.ts';

export interface TextSource {
  readonly descriptor: number;
  readonly stats: Stats;
  readonly encoding: string;
  readonly bomBytes: number;
  readonly scan: Scan;
}

/** Bytes looked at before the end of a large file, to see whether a key begins there. */
const KEY_CONTEXT_BYTES = 65_536;

/** Reads a window of lines. */
export function readText(source: TextSource, options: ReadOptions): TextRead {
  if (!options.tail) return readForward(source, options);
  const isSmall = source.stats.size <= LIMITS.countBytesMax;
  return isSmall ? readTail(source, options) : readFarTail(source, options);
}

function readForward(source: TextSource, options: ReadOptions): TextRead {
  const { size } = source.stats;
  const to = Math.min(size, LIMITS.scanBytesMax);
  const ends: LineEnds = { lf: 0, crlf: 0 };
  const window = new Window(options, options.hideSecrets ? screenLine : openLine);
  // Enough on both sides of the window to know a secret that lies across its edge.
  const limits = {
    lineCharactersMax: options.bytes + 2 * SECRET_CHARACTERS_MAX,
    cutOff: to < size,
    skip: {
      line: options.startLine,
      characters: Math.max(0, options.startColumn - 1 - SECRET_CHARACTERS_MAX),
    },
  };
  const total = fill(window, linesOf(source, to, limits, ends), size);
  if (window.start === undefined && options.startLine > 1) {
    if (total === undefined)
      refuse('file.too_large', { hint: 'The line lies too far from the start.' });
    refuse('line.out_of_range', { hint: `It has ${String(total)} lines.` });
  }
  return {
    ...textRead(source, window.lines, ends),
    hidden: window.hidden,
    startLine: window.start,
    totalLines: total,
    next: window.next,
    // Without a total, the reading ended before the file did.
    truncated: total === undefined || window.next !== undefined || (window.start ?? 1) > 1,
  };
}

/** Fills a window, then counts on to the end where that is cheap. Returns the number of all lines, if it is known. */
function fill(window: Window, lines: Iterable<TextLine>, size: number): number | undefined {
  let last = 0;
  try {
    for (const line of lines) {
      last = line.number;
      window.take(line);
      if (window.next !== undefined && size > LIMITS.countBytesMax) return undefined;
    }
  } catch (error) {
    // Bytes behind a full window that are no text say nothing of the window.
    if (window.next === undefined) throw error;
    return undefined;
  }
  return size > LIMITS.scanBytesMax ? undefined : last;
}

function linesOf(
  { descriptor, bomBytes, encoding, scan }: TextSource,
  to: number,
  limits: Omit<LineOptions, 'encoding'>,
  ends: LineEnds,
): Iterable<TextLine> {
  const chunks = counted(readChunks(descriptor, bomBytes, to), scan);
  return readLines(chunks, { encoding, ...limits }, ends);
}

function* counted(chunks: Iterable<Buffer>, scan: Scan): Generator<Buffer> {
  for (const chunk of chunks) {
    scan.take(chunk.length);
    yield chunk;
  }
}

function readTail(source: TextSource, options: ReadOptions): TextRead {
  const ends: LineEnds = { lf: 0, crlf: 0 };
  const kept: TextLine[] = [];
  const limits = { lineCharactersMax: options.bytes + SECRET_CHARACTERS_MAX };
  let total = 0;
  for (const line of linesOf(source, source.stats.size, limits, ends)) {
    total = line.number;
    kept.push(line);
    if (kept.length > options.lines) kept.shift();
  }
  const screen = options.hideSecrets ? screenLine : openLine;
  const shown = kept.map((line) => ({ ...line, ...screen(line) }));
  const last = lastWithin(shown, options.bytes);
  const startLine = last[0]?.number;
  return {
    ...textRead(source, last.map(textOf), ends),
    hidden: hiddenIn(last),
    startLine,
    totalLines: total,
    truncated: last.length < total,
  };
}

/** The end of a file that is too large to be read from its beginning. Line numbers are not known there. */
function readFarTail(source: TextSource, options: ReadOptions): TextRead {
  const { descriptor, stats, encoding } = source;
  const ends: LineEnds = { lf: 0, crlf: 0 };
  const width = encoding.startsWith('utf-16') ? 2 : 1;
  const wanted = stats.size - options.bytes - KEY_CONTEXT_BYTES;
  const from = wanted - (wanted % width);
  const bytes = readBytes(descriptor, from, stats.size - from);
  const piece = bytes.subarray(afterFirstLine(bytes, encoding));
  const limits = { encoding, lineCharactersMax: options.bytes + SECRET_CHARACTERS_MAX };
  const lines = [...readLines([piece], limits, ends)];
  const shown = options.hideSecrets
    ? screenEnd(lines)
    : lines.map((line) => ({ ...line, hidden: 0 }));
  const last = lastWithin(shown.slice(-options.lines), options.bytes);
  return { ...textRead(source, last.map(textOf), ends), hidden: hiddenIn(last), truncated: true };
}

/** The first line of a piece is cut somewhere; what follows it is whole. */
function afterFirstLine(bytes: Buffer, encoding: string): number {
  const wide = encoding.startsWith('utf-16');
  const end = Buffer.from('\n', wide ? 'utf16le' : 'latin1');
  if (encoding === 'utf-16be') end.swap16();
  let feed = bytes.indexOf(end);
  // Half of one letter and half of the next are no line feed, and what began there would be read in halves.
  while (feed % end.length === 1) feed = bytes.indexOf(end, feed + 1);
  return feed < 0 ? bytes.length : feed + end.length;
}

/** The last lines that fit into bytes. */
function lastWithin<Line extends TextLine>(
  lines: readonly Line[],
  bytesMax: number,
): readonly Line[] {
  let left = bytesMax;
  let from = lines.length;
  for (const { text, whole } of lines.toReversed()) {
    left -= Buffer.byteLength(text) + 1;
    if (left < 0 || !whole) break;
    from -= 1;
  }
  return lines.slice(from);
}

function hiddenIn(lines: readonly Screened[]): number {
  return lines.reduce((sum, { hidden }) => sum + hidden, 0);
}

function textOf({ text }: TextLine): string {
  return text;
}

function textRead(
  { stats, encoding, bomBytes }: TextSource,
  lines: readonly string[],
  ends: LineEnds,
): TextRead {
  return {
    kind: 'text',
    ...factsOf(stats),
    encoding,
    bom: bomBytes > 0,
    eol: eolOf(ends),
    text: lines.join('\n'),
    lines: lines.length,
    hidden: 0,
    startLine: undefined,
    totalLines: undefined,
    next: undefined,
    truncated: false,
  };
}

function eolOf({ lf, crlf }: LineEnds): TextRead['eol'] {
  if (lf > 0 && crlf > 0) return 'mixed';
  if (crlf > 0) return 'crlf';
  return lf > 0 ? 'lf' : 'none';
}
