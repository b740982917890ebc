import { TextDecoder } from 'node:util';

import { createKeyFollower } from '@secure-mcp/validation';

import { refuse } from '../../guard/index.ts';

/** A line of text, without its end. */
export interface TextLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** Characters at its beginning that were not kept. */
  readonly skipped: number;
  /** False when characters at its end were not kept. */
  readonly whole: boolean;
  /** True when any of the line, kept or not, belongs to a private key. */
  readonly isKey: boolean;
}

export interface LineOptions {
  readonly encoding: string;
  /** Characters of one line that are kept: a file of one line must not fill memory. */
  readonly lineCharactersMax: number;
  /** Characters of one line that are passed over: whoever reads its end does not pay for its beginning. */
  readonly skip?: { readonly line: number; readonly characters: number };
  /** The bytes end before the file does, so the last line may be a part of one. */
  readonly cutOff?: boolean;
}

/** Line ends seen so far, to tell a reader what the file uses. */
export interface LineEnds {
  lf: number;
  crlf: number;
}

/**
 * Decodes bytes and cuts them into lines as they come.
 *
 * Bytes that are no text in the encoding are refused rather than replaced: a replaced byte is lost
 * for whoever writes the text back.
 */
export function* readLines(
  chunks: Iterable<Uint8Array>,
  { encoding, lineCharactersMax, skip, cutOff = false }: LineOptions,
  ends: LineEnds,
): Generator<TextLine> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let number = 1;
  let kept = '';
  let skipped = 0;
  let whole = true;
  const key = createKeyFollower();
  const keep = (text: string): void => {
    key.feed(text);
    const over = skip?.line === number ? Math.min(text.length, skip.characters - skipped) : 0;
    skipped += over;
    const part = text.slice(over);
    const room = lineCharactersMax - kept.length;
    kept += part.length > room ? part.slice(0, room) : part;
    if (part.length > room) whole = false;
  };
  const finish = (): TextLine => {
    if (kept.endsWith('\r') && whole) {
      kept = kept.slice(0, -1);
      ends.crlf += 1;
    } else ends.lf += 1;
    const line = { number, text: kept, skipped, whole, isKey: key.endLine() };
    number += 1;
    kept = '';
    skipped = 0;
    whole = true;
    return line;
  };
  for (const text of decode(chunks, decoder)) {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      keep(text.slice(from, end));
      yield finish();
      from = end + 1;
    }
    keep(text.slice(from));
  }
  // The last line of most files ends with a line feed, and then nothing stands behind it.
  // A secret on a line that ends where the reading ends could be half of one.
  if (kept !== '' && !(cutOff && whole))
    yield { number, text: kept, skipped, whole, isKey: key.endLine() };
}

function* decode(chunks: Iterable<Uint8Array>, decoder: TextDecoder): Generator<string> {
  try {
    for (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) refuse('file.undecodable', { hint: UNDECODABLE_HINT });
    throw error;
  }
}

const UNDECODABLE_HINT = 'Name its encoding, for example windows-1252, or ask for base64.';
