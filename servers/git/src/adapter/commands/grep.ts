import { Refusal } from '@secure-mcp/validation';

import { type Argument, object, option, paths, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { GrepQuery } from '../repository.ts';
import type { GrepMatch, GrepResult } from '../results.ts';
import { unquoted } from './c-quote.ts';
import { emptyTree } from './empty-tree.ts';
import { type GrepLine, GrepLines } from './grep-lines.ts';
import { shownPath } from './shown-path.ts';

/**
 * Lines of the files of a tree that match, with the lines around them. Never of the work tree: there git
 * reads through links that lead outside.
 *
 * Binary files are passed over. The answer is truncated when there are more matches than `limit`, more
 * text than LIMITS.grepBytesMax, and when git could not read a file, or not read on after a match.
 * Refuses `pattern.invalid`, `path.encoding`, and `object.missing` and the like when nothing was found.
 */
export async function grep(handle: Handle, query: GrepQuery): Promise<GrepResult> {
  const reading = new GrepReading(query);
  const lines = new GrepLines((line) => reading.line(line));
  try {
    const { cut, complained } = await handle.git(
      {
        args: [...searchOf(query), object(query.tree), ...paths(query.paths)],
        exitCodes: [0, NOTHING_FOUND],
        bytesMax: LIMITS.countedBytesMax,
      },
      lines.push,
    );
    // It passes over files that it cannot read.
    return reading.result(cut || complained);
  } catch (error) {
    return await reconsider(handle, query, reading, error);
  }
}

const NOTHING_FOUND = 1;

function searchOf({ pattern, ignoreCase, context }: GrepQuery): readonly Argument[] {
  return [
    word('grep'),
    word('--line-number'),
    word('--column'),
    word('--heading'),
    word('--no-break'),
    word('--full-name'),
    word('--no-color'),
    word('--no-textconv'),
    word('--no-recurse-submodules'),
    // Binary files by their attributes, or by a NUL.
    word('-I'),
    // Each thread holds a whole file.
    word('--threads=2'),
    option('--context=', context),
    ...(ignoreCase ? [word('--ignore-case')] : []),
    pattern.kind === 'fixed' ? word('--fixed-strings') : word('--extended-regexp'),
    // One word with its option: what begins with a dash is a text, too.
    option('-e', pattern.text),
  ];
}

/** What is known when git ended in the middle: an object is missing or too large, or the pattern is wrong. */
async function reconsider(
  handle: Handle,
  query: GrepQuery,
  reading: GrepReading,
  error: unknown,
): Promise<GrepResult> {
  if (!(error instanceof Refusal) || !ENDED_BY_GIT.has(error.code)) throw error;
  if (reading.found > 0) return reading.result(true);
  if (error.code === 'repository.broken' && !(await isPattern(handle, query))) {
    return refuse('pattern.invalid');
  }
  throw error;
}

const ENDED_BY_GIT: ReadonlySet<string> = new Set([
  'object.missing',
  'object.too_large',
  'repository.broken',
]);

/** Searches nothing with a pattern: only a wrong one can fail. */
async function isPattern(handle: Handle, query: GrepQuery): Promise<boolean> {
  const { code } = await handle.git(
    {
      args: [...searchOf(query), object(emptyTree(handle.profile.objectFormat)), word('--')],
      exitCodes: [NOTHING_FOUND, FATAL],
    },
    () => true,
  );
  return code === NOTHING_FOUND;
}

const FATAL = 128;

/** Gathers matches until there is one too many. */
class GrepReading {
  found = 0;
  readonly #query: GrepQuery;
  readonly #matches: GrepMatch[] = [];
  readonly #files = new Set<string>();
  #path = '';
  #bytes = 0;
  /** The last line that belongs to the last match. */
  #lastLine = 0;

  constructor(query: GrepQuery) {
    this.#query = query;
  }

  result(truncated: boolean): GrepResult {
    return { matches: this.#matches, files: this.#files.size, truncated };
  }

  /** False when it is known that there is more than can be given out. */
  line(line: GrepLine): boolean {
    if (line.kind === 'file') {
      // `<id>:` stands before it, outside of the quotes.
      this.#path = shownPath(unquoted(line.name.slice(this.#query.tree.length + 1)));
      this.#lastLine = 0;
      return true;
    }
    const match = line.column !== undefined;
    const isFull = this.found >= this.#query.limit;
    if (isFull && match) return false;
    // What stands here otherwise belongs to a match that is not given out.
    if (isFull && line.line > this.#lastLine) return true;
    return this.#add(line, match);
  }

  #add({ line, column, text }: GrepLine & { readonly kind: 'line' }, match: boolean): boolean {
    this.#bytes += text.length + this.#path.length;
    if (this.#bytes > LIMITS.grepBytesMax) return false;
    if (match) {
      this.found += 1;
      this.#files.add(this.#path);
      this.#lastLine = line + this.#query.context;
    }
    this.#matches.push({ path: this.#path, line, column, text, match });
    return true;
  }
}
