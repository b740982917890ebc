import { defineTool, type Found, READS } from '@secure-mcp/runtime';
import { Refusal } from '@secure-mcp/validation';
import * as z from 'zod';

import type { ReadOutcome } from '../adapter/index.ts';
import { type PathInRoot, REFUSALS, requestedPath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { pathOf } from './words.ts';

const FILE = z.strictObject({
  path: z.string(),
  size: z.int().optional(),
  etag: z.string().optional(),
  text: z.string().optional(),
  next_line: z.int().optional(),
  next_column: z.int().optional(),
  refused: z.string().optional(),
});
type File = z.input<typeof FILE>;

export const readFiles = defineTool({
  name: 'read_files',
  title: 'Read files',
  description:
    'Reads the text of several files within one budget. A refused one does not stop the others.',
  scope: 'files:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    paths: z.array(requestedPath).min(1).max(LIMITS.filesMax),
    limit: z
      .int()
      .min(1)
      .max(LIMITS.linesMax)
      .default(LIMITS.linesDefault)
      .describe('Lines of each.'),
    max_bytes: z
      .int()
      .min(LIMITS.readBytesMin)
      .max(LIMITS.readBytesMax)
      .default(LIMITS.readBytesMax)
      .describe('In all.'),
  }),
  output: z.strictObject({ files: z.array(FILE) }),

  async run({ paths, limit, max_bytes: bytes }, { path, disk, secrets }: Context) {
    const asked = paths.map((text) => parsed(path, text));
    const places = asked.flatMap(({ place }) => (place === undefined ? [] : [place]));
    const outcomes = await readAll(disk, places, {
      encoding: 'auto',
      startLine: 1,
      startColumn: 1,
      lines: limit,
      tail: false,
      bytes,
      offset: 0,
      hideSecrets: secrets !== 'allow',
      media: 'no',
      several: true,
    });
    const files = asked.map(({ place, refused }, index): File => {
      const outcome = place === undefined ? undefined : outcomes[places.indexOf(place)];
      // What is no path of ours is named by its place in the request: its text is the caller's.
      if (place === undefined || outcome === undefined)
        return { path: `paths[${String(index)}]`, refused };
      return { path: pathOf(place), ...fileOf(outcome) };
    });
    return { output: { files } };
  },

  render({ files }) {
    const read = files.filter(({ text }) => text !== undefined).length;
    return {
      summary: `Read ${String(read)} of ${String(files.length)} files.`,
      data: files.map(section),
    };
  },
});

/** Nothing is left to read where every path was refused by its words. */
async function readAll(
  disk: Context['disk'],
  places: readonly PathInRoot[],
  how: Parameters<Context['disk']['read']>[1],
): Promise<readonly ReadOutcome[]> {
  return places.length === 0 ? [] : disk.read(places, how);
}

/** A path that is refused by its words alone is one refused file, too. */
function parsed(
  path: Context['path'],
  text: string,
): { readonly place?: PathInRoot; readonly refused?: string } {
  try {
    return { place: path(text) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: `${error.code}: ${error.message}` };
  }
}

function fileOf(outcome: ReadOutcome): Omit<File, 'path'> {
  switch (outcome.kind) {
    case 'refused':
      return { refused: `${outcome.code}: ${outcome.message}` };
    case 'text': {
      const { size, etag, text, next } = outcome;
      const column = next !== undefined && next.column > 1 ? next.column : undefined;
      return { size, etag, text, next_line: next?.line, next_column: column };
    }
    case 'binary':
    case 'media':
    case 'bytes':
      return {
        size: outcome.size,
        etag: outcome.etag,
        refused: `file.binary: ${REFUSALS['file.binary']}`,
      };
  }
}

/** Each file between marks of its own: what one says can then not be taken for the next one's name. */
function section({ path, text, next_line: line, next_column: column, refused }: File): Found {
  const place = column === undefined ? '' : `, column ${String(column)}`;
  const more = line === undefined ? '' : ` (continues at line ${String(line)}${place})`;
  return { head: `${path}${more}${refused === undefined ? '' : ` ${refused}`}`, text };
}
