import { parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import type { ObjectInfo, ObjectKind } from '../results.ts';

/** What git knows of a name. */
export type Known = ObjectInfo | 'missing' | 'ambiguous';

/** The first line of an answer, and how many bytes it takes. */
export interface AnswerLine {
  readonly known: Known;
  readonly bytes: number;
}

/** Longest line that is no echo of the name: a sha256 id, a kind, twenty digits. */
const LINE_BYTES_MAX = 64 + 1 + 10 + 1 + 20 + 1;

/**
 * Reads the first line of an answer of `cat-file --batch-command`. Undefined while it is not all there.
 *
 * For a name that leads nowhere git repeats the name, which can hold anything, newlines and the look of
 * another answer as well. It is known, so it is compared and never searched.
 *
 * Refuses `repository.broken` when the line is none: the stream cannot be trusted any more then.
 */
export function readAnswerLine(received: Buffer, name: string): AnswerLine | undefined {
  const bytes = Math.max(name.length + LONGEST_ECHO, LINE_BYTES_MAX);
  const head = received.toString('latin1', 0, Math.min(bytes, received.length));
  for (const word of ECHOES) {
    const echo = `${name} ${word}\n`;
    if (head.startsWith(echo)) return { known: word, bytes: echo.length };
    if (head.length < echo.length && echo.startsWith(head)) return undefined;
  }
  const end = head.indexOf('\n');
  if (end >= 0 && end < LINE_BYTES_MAX)
    return { known: parseLine(head.slice(0, end)), bytes: end + 1 };
  if (head.length < LINE_BYTES_MAX) return undefined;
  return noAnswer();
}

function noAnswer(): never {
  return refuse('repository.broken', { detail: 'cat-file printed a line that is no answer' });
}

const ECHOES = ['missing', 'ambiguous'] as const;
const LONGEST_ECHO = ' ambiguous\n'.length;
const LINE = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (0|[1-9][0-9]{0,19})$/;

function parseLine(line: string): Known {
  // Newer git says of a link to a submodule what it is; its commit is in another repository.
  if (/^[0-9a-f]{40,64} submodule$/.test(line)) return 'missing';
  const [, id = '', word = '', size = ''] = LINE.exec(line) ?? [];
  const oid = parseOid(id);
  const kind = OBJECT_KINDS.get(word);
  if (oid === undefined || kind === undefined) return noAnswer();
  // A header can announce any size. Above all limits, one is as good as another.
  return { oid, kind, size: Math.min(Number(size), Number.MAX_SAFE_INTEGER) };
}

/** What git calls the kinds of objects. */
export const OBJECT_KINDS: ReadonlyMap<string, ObjectKind> = new Map([
  ['commit', 'commit'],
  ['tree', 'tree'],
  ['blob', 'blob'],
  ['tag', 'tag'],
]);

/** True for an object, false for what leads nowhere. */
export function isFound(known: Known): known is ObjectInfo {
  return typeof known !== 'string';
}
