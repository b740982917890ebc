import { defineTool, type Media, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { ENCODINGS, type ReadOutcome } from '../adapter/index.ts';
import { refuse, requestedPath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { joinSentences, pathOf } from './words.ts';

/** A column further right than this lies beyond what one call scans. */
const COLUMN_MAX = 16_777_216;

const OUTPUT = z.strictObject({
  path: z.string(),
  kind: z.enum(['text', 'image', 'audio', 'base64', 'binary']),
  size: z.int(),
  mtime: z.string(),
  etag: z.string(),
  encoding: z.string().optional(),
  bom: z.boolean().optional(),
  eol: z.enum(['lf', 'crlf', 'mixed', 'none']).optional(),
  mime_type: z.string().optional(),
  text: z.string().optional(),
  data: z.string().optional(),
  start_line: z.int().optional(),
  end_line: z.int().optional(),
  total_lines: z.int().optional(),
  next_line: z.int().optional(),
  next_column: z.int().optional(),
  next_offset: z.int().optional(),
  truncated: z.boolean(),
});
type Output = z.input<typeof OUTPUT>;

export const readFile = defineTool({
  name: 'read_file',
  title: 'Read file',
  description: 'Reads a file: text in pages of lines, media, or exact bytes as base64.',
  scope: 'files:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    path: requestedPath.describe('root:path, or a path in the first root.'),
    start_line: z.int().min(1).default(1),
    start_column: z.int().min(1).max(COLUMN_MAX).default(1),
    limit: z.int().min(1).max(LIMITS.linesMax).default(LIMITS.linesDefault).describe('Lines.'),
    tail: z.boolean().default(false).describe('The last lines instead.'),
    encoding: z.enum(['auto', 'base64', ...ENCODINGS]).default('auto'),
    offset: z.int().min(0).default(0).describe('First byte, for base64.'),
    max_bytes: z
      .int()
      .min(LIMITS.readBytesMin)
      .max(LIMITS.readBytesMax)
      .default(LIMITS.readBytesDefault),
  }),
  output: OUTPUT,

  async run(input, { path, disk, secrets }: Context) {
    const asked = path(input.path);
    const options = {
      encoding: input.encoding,
      startLine: input.start_line,
      startColumn: input.start_column,
      lines: input.limit,
      tail: input.tail,
      bytes: input.max_bytes,
      offset: input.offset,
      hideSecrets: secrets !== 'allow',
      media: 'named',
      several: false,
    } as const;
    const [outcome] = await disk.read([asked], options);
    if (outcome === undefined || outcome.kind === 'refused') return refuse('path.refused');
    const output = outputOf(pathOf(asked), outcome);
    if (outcome.kind !== 'media') return { output };
    const whole = async () => {
      const [read] = await disk.read([asked], { ...options, media: 'whole' });
      return mediaOf(read, outcome.etag);
    };
    return { output, media: whole };
  },

  render(file) {
    const summary = joinSentences(`${file.path}: ${describe(file)}.`, continuation(file));
    const data = file.text === undefined ? file.data : numbered(file.text, file.start_line);
    return data === undefined ? { summary } : { summary, data };
  },
});

function outputOf(path: string, outcome: Exclude<ReadOutcome, { kind: 'refused' }>): Output {
  const { size, mtime, etag } = outcome;
  const facts = { path, size, mtime, etag };
  switch (outcome.kind) {
    case 'binary':
      return { ...facts, kind: 'binary', truncated: false };
    case 'media':
      return { ...facts, kind: outcome.type, mime_type: outcome.mimeType, truncated: false };
    case 'bytes':
      return {
        ...facts,
        kind: 'base64',
        data: outcome.data,
        next_offset: outcome.nextOffset,
        truncated: outcome.offset > 0 || outcome.nextOffset !== undefined,
      };
    case 'text': {
      const { encoding, bom, eol, text, startLine, lines, totalLines, next, truncated } = outcome;
      const end = startLine === undefined || lines === 0 ? undefined : startLine + lines - 1;
      return {
        ...facts,
        kind: 'text',
        encoding,
        bom,
        eol,
        text,
        start_line: startLine,
        end_line: end,
        total_lines: totalLines,
        next_line: next?.line,
        next_column: next !== undefined && next.column > 1 ? next.column : undefined,
        truncated,
      };
    }
  }
}

/** The media that was named, unless the file has changed since. */
function mediaOf(outcome: ReadOutcome | undefined, etag: string): readonly Media[] {
  if (outcome?.kind !== 'media' || outcome.etag !== etag) return refuse('path.refused');
  const { type, mimeType, data } = outcome;
  return [{ type, mimeType, data }];
}

function describe(file: Output): string {
  const size = `${String(file.size)} bytes`;
  if (file.kind === 'binary') return `${size}, no text: name its encoding, or ask for base64`;
  if (file.kind !== 'text') return `${size}, ${file.mime_type ?? file.kind}`;
  const total = file.total_lines === undefined ? '' : ` of ${String(file.total_lines)}`;
  const lines =
    file.end_line === undefined
      ? ''
      : `, lines ${String(file.start_line)} to ${String(file.end_line)}${total}`;
  return `${size}, ${String(file.encoding)}${lines}`;
}

function continuation({ next_line, next_column, next_offset }: Output): string {
  if (next_offset !== undefined) return `Continue with offset ${String(next_offset)}.`;
  if (next_line === undefined) return '';
  const column = next_column === undefined ? '' : ` and start_column ${String(next_column)}`;
  return `Continue with start_line ${String(next_line)}${column}.`;
}

/** Line numbers let a model point at a line without counting. Where they are unknown, none are made up. */
function numbered(text: string, start: number | undefined): string {
  if (start === undefined) return text;
  return text
    .split('\n')
    .map((line, index) => `${String(start + index).padStart(6)}\t${line}`)
    .join('\n');
}
