import {
  lineRange,
  object,
  type Oid,
  parseOid,
  paths,
  refuse,
  type TreePath,
  word,
} from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { BlameQuery } from '../repository.ts';
import type { Blame } from '../results.ts';
import { unquoted } from './c-quote.ts';
import { shownLine } from './shown-line.ts';
import { shownPath } from './shown-path.ts';
import { SNIFF_BYTES } from './text-bytes.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/**
 * Which commit each line of a file comes from, at most LIMITS.blameLinesMax lines at a time.
 * Refuses `path.unknown`, `path.not_a_file`, `file.binary`, `object.too_large`, `line.out_of_range`,
 * `path.encoding`.
 */
export async function blame(handle: Handle, query: BlameQuery): Promise<Blame> {
  const key = `blame ${JSON.stringify(query)}`;
  const known = handle.cache.get<Blame>(key);
  if (known !== undefined) return known;
  const blamed = await compute(handle, query);
  handle.cache.set(key, blamed, sizeOf(blamed));
  return blamed;
}

async function compute(handle: Handle, query: BlameQuery): Promise<Blame> {
  const { commit, path, startLine } = query;
  const totalLines = await countLines(handle, commit, path);
  if (totalLines === 0 && startLine === 1) return { hunks: [], totalLines, nextLine: undefined };
  if (startLine > totalLines) return refuse('line.out_of_range');
  const lines = Math.min(query.lines, LIMITS.blameLinesMax);
  const last = Math.min(totalLines, startLine + lines - 1);
  const reading = new BlameReading();
  await readFields(
    handle,
    {
      args: [
        word('blame'),
        word('--porcelain'),
        // What a commit says of its encoding goes to no library of git's.
        word('--encoding=none'),
        word('--no-textconv'),
        word('--no-progress'),
        lineRange(startLine, last),
        object(commit),
        ...paths([path]),
      ],
      separator: LINE_FEED,
    },
    (line) => reading.line(line),
  );
  return { ...(await hunksOf(handle, reading)), totalLines, nextLine: nextOf(last, totalLines) };
}

function nextOf(last: number, total: number): number | undefined {
  return last < total ? last + 1 : undefined;
}

/** Counts the lines of a file; the last one may have no end. */
async function countLines({ objects }: Handle, commit: Oid, path: TreePath): Promise<number> {
  const file = await objects.at(commit, path);
  if (file === undefined) return refuse('path.unknown');
  if (file.kind !== 'blob') return refuse('path.not_a_file');
  const counter = new LineCounter();
  await objects.stream(file.oid, LIMITS.blobBytesMax, (piece) => counter.push(piece));
  return counter.isBinary ? refuse('file.binary') : counter.lines;
}

class LineCounter {
  isBinary = false;
  #ends = 0;
  #bytes = 0;
  #last = LINE_FEED;

  get lines(): number {
    return this.#last === LINE_FEED ? this.#ends : this.#ends + 1;
  }

  push(piece: Buffer): boolean {
    const sniffed = piece.subarray(0, Math.max(0, SNIFF_BYTES - this.#bytes));
    this.isBinary ||= sniffed.includes(0);
    this.#bytes += piece.length;
    this.#last = piece.at(-1) ?? this.#last;
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, at + 1)) {
      this.#ends += 1;
    }
    return !this.isBinary;
  }
}

async function hunksOf({ objects }: Handle, reading: BlameReading): Promise<Pick<Blame, 'hunks'>> {
  const oids = [...new Set(reading.hunks.map(({ oid }) => oid))];
  const commits = new Map((await objects.commits(oids)).map((commit) => [commit.oid, commit]));
  return {
    hunks: reading.hunks.map(({ oid, path, startLine, lines }) => ({
      commit: commits.get(oid) ?? refuse('object.missing'),
      path: shownPath(path),
      startLine,
      lines,
      boundary: reading.boundaries.has(oid),
    })),
  };
}

interface RawHunk {
  readonly oid: Oid;
  readonly path: string;
  readonly startLine: number;
  readonly lines: string[];
}

/** `<id> <line there> <line here>`, and how many lines follow it from the same place. */
const HEAD = /^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$/;

/** Reads `--porcelain`: what it says of a commit it says once, its path again when that changes. */
class BlameReading {
  readonly hunks: RawHunk[] = [];
  readonly boundaries = new Set<Oid>();
  readonly #paths = new Map<Oid, string>();
  #current: { readonly oid: Oid; readonly line: number } | undefined;

  line(line: string): void {
    const current = this.#current;
    if (current === undefined) this.#current = headOf(line);
    else if (line.startsWith('\t')) this.#text(current, line.slice(1));
    else if (line === 'boundary') this.boundaries.add(current.oid);
    else if (line.startsWith('filename ')) {
      this.#paths.set(current.oid, unquoted(line.slice('filename '.length)));
    }
  }

  #text({ oid, line }: { readonly oid: Oid; readonly line: number }, text: string): void {
    this.#current = undefined;
    const path = this.#paths.get(oid) ?? '';
    const last = this.hunks.at(-1);
    if (last?.oid === oid && last.path === path) last.lines.push(shownLine(text));
    else this.hunks.push({ oid, path, startLine: line, lines: [shownLine(text)] });
  }
}

function headOf(line: string): { readonly oid: Oid; readonly line: number } {
  const [, name = '', number] = HEAD.exec(line) ?? [];
  return { oid: parseOid(name) ?? refuse('repository.broken'), line: Number(number) };
}

/** About the bytes that an answer takes in memory. The commits are kept elsewhere, too. */
function sizeOf({ hunks }: Blame): number {
  return hunks.reduce(
    (sum, { lines }) => lines.reduce((bytes, line) => bytes + 2 * line.length + 32, sum + 512),
    256,
  );
}
