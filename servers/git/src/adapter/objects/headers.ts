import { beginningOf, SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Decode } from './decode.ts';

/** A commit or a tag before its fields are read. */
export interface RawHeaders {
  /** Lines before the message, as byte strings, each with its name. Lines that go on are left out. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** All after the empty line, up to the first NUL: git ends a text there. */
  readonly message: Buffer;
}

/** The beginning of a message, of which a part is shown at most. */
export interface Kept {
  readonly text: string;
  /** There was more. */
  readonly isCut: boolean;
}

/** What is kept of a message. It ends before a character or a secret that would be divided. */
export function keptOf(message: Buffer, decode: Decode): Kept {
  const bytes = message.subarray(0, LIMITS.messageKeptBytesMax);
  const text = decode(bytes);
  if (bytes.length === message.length) return { text, isCut: false };
  const bytesMax = LIMITS.messageKeptBytesMax + SECRET_CHARACTERS_MAX;
  const near = decode(message.subarray(0, bytesMax));
  return { text: beginningOf(near, text.length - 1), isCut: true };
}

/**
 * Takes the headers of a commit or a tag apart as git does: lines up to an empty one. A line that
 * begins with a space belongs to the one before it (signatures, merged tags), and none of those is
 * read; so a signature cannot smuggle a header in.
 *
 * Refuses `object.too_large` above `LIMITS.headerLinesMax`: half a million lines of one letter fit into
 * a commit, and each is an object here.
 */
export function readHeaders(object: Buffer): RawHeaders {
  const lines: [string, string][] = [];
  let at = 0;
  while (at < object.length && object[at] !== NEWLINE) {
    const end = endOfLine(object, at);
    if (object[at] !== SPACE) lines.push(splitLine(object.toString('latin1', at, end)));
    if (lines.length > LIMITS.headerLinesMax) refuse('object.too_large', { detail: 'headers' });
    at = end + 1;
  }
  const message = object.subarray(Math.min(at + 1, object.length));
  const nul = message.indexOf(0);
  return { lines, message: nul === -1 ? message : message.subarray(0, nul) };
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

function endOfLine(object: Buffer, from: number): number {
  const end = object.indexOf(NEWLINE, from);
  return end === -1 ? object.length : end;
}

function splitLine(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}

/** The value of the first line with a name. */
export function firstHeader({ lines }: RawHeaders, name: string): string | undefined {
  return lines.find(([found]) => found === name)?.[1];
}

/** The value of the last one: for persons, git lets a later line win. */
export function lastHeader({ lines }: RawHeaders, name: string): string | undefined {
  return lines.findLast(([found]) => found === name)?.[1];
}
