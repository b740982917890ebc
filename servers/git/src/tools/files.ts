import * as z from 'zod';

import type { Repository } from '../adapter/index.ts';
import type { Oid } from '../guard/index.ts';
import type { Context } from './context.ts';
import { screenLines } from './screen.ts';
import { counted, present } from './words.ts';

/** How the text of a file is told: a window of lines, once, in the text of the answer. */

export const FILE_FACTS = z.strictObject({
  content: z.enum(['text', 'binary', 'too large']).optional(),
  size: z.int().optional(),
  start_line: z.int().optional(),
  end_line: z.int().optional(),
  total_lines: z.int().optional(),
  next_line: z.int().optional(),
  /** The line goes on: a larger max_bytes shows more of it. */
  line_cut: z.boolean().optional(),
  lossy: z.boolean().optional(),
  lfs: z.strictObject({ oid: z.string(), size: z.int() }).optional(),
});
export type FileFacts = z.output<typeof FILE_FACTS>;

export interface Window {
  readonly startLine: number;
  readonly lines: number;
  readonly bytes: number;
}

/** Reads a window of a file, its secrets covered. */
export async function readWindow(
  repository: Repository,
  blob: Oid,
  window: Window,
  context: Context,
): Promise<FileRead> {
  const read = await repository.blob(blob, window);
  if (read.kind !== 'text') return { facts: { content: read.kind, size: read.size } };
  const { size, startLine, endLine, totalLines, nextLine, cut, lossy } = read;
  const lines = await screenLines(
    repository,
    { blob, startLine, lines: read.text.split('\n') },
    context,
  );
  const facts = {
    content: read.kind,
    size,
    start_line: startLine,
    end_line: endLine,
    total_lines: totalLines,
    ...present({ next_line: nextLine, line_cut: cut, lossy, lfs: lfsPointer(read.text) }),
  };
  return { facts, text: lines.join('\n') };
}

interface FileRead {
  readonly facts: FileFacts;
  /** Absent where the file is no text. Only the text of an answer holds it. */
  readonly text?: string;
}

/**
 * What stands in the repository in place of a file that is kept elsewhere (Git LFS, version 1). The
 * file itself is not fetched.
 */
export function lfsPointer(text: string): { oid: string; size: number } | undefined {
  const [, oid, size] = POINTER.exec(text) ?? [];
  return oid === undefined ? undefined : { oid, size: Number(size) };
}

const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-[^\n]{1,200}\n){0,10}oid (sha256:[0-9a-f]{64})\nsize (\d{1,15})\n?$/;

/** `1200 bytes, lines 1 to 40 of 80.` */
export function fileSummary(file: FileFacts): string {
  const { content, size = 0, start_line: start, end_line: end, total_lines: total, lfs } = file;
  const bytes = counted(size, 'byte');
  if (content === 'binary') return `${bytes}, binary.`;
  if (content === 'too large') return `${bytes}, more than this server reads.`;
  const pointer =
    lfs === undefined
      ? ''
      : ` A pointer of Git LFS to ${counted(lfs.size, 'byte')} kept elsewhere.`;
  const cut = file.line_cut === true ? ' The line is longer: ask with a larger max_bytes.' : '';
  const lossy = file.lossy === true ? ' Bytes that are no UTF-8 were replaced.' : '';
  return `${bytes}, lines ${String(start)} to ${String(end)} of ${String(total)}.${cut}${lossy}${pointer}`;
}

/** Line numbers let a model point at a line without counting. */
export function numberedLines(text: string, { start_line: start = 1 }: FileFacts): string {
  return text
    .split('\n')
    .map((line, index) => `${String(start + index).padStart(6)}\t${line}`)
    .join('\n');
}
