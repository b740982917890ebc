import { fromVisible } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { refuse } from './refusals.ts';

/** A relation as a caller names it. It is a text to look up; nothing says that it exists. */
export interface RequestedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** As PostgreSQL's scanner has them: blanks are ASCII, and whatever is not ASCII is a letter. */
const BLANK = String.raw`[ \t\n\r\f\v]*`;
const NAME = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\u{80}-\u{10FFFF}][A-Za-z0-9_$\u{80}-\u{10FFFF}]*)`;
const RELATION = new RegExp(`^${BLANK}(?:(${NAME})${BLANK}\\.${BLANK})?(${NAME})${BLANK}$`, 'u');

/**
 * Reads `schema.name` or `name` as SQL writes them: in quotes as it stands, without quotes in lower
 * case. Refuses everything else like a relation that does not exist.
 */
export function requestedName(text: string): RequestedName {
  const [, schema, name] = RELATION.exec(text) ?? [];
  if (name === undefined) return unknown();
  return {
    schema: schema === undefined ? undefined : identifierOf(schema),
    name: identifierOf(name),
  };
}

/** The name that PostgreSQL would look up. Of a longer one it would look up the beginning. */
function identifierOf(written: string): string {
  const name = written.startsWith('"')
    ? fromVisible(written.slice(1, -1).replaceAll('""', '"'))
    : written.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const isTooLong = Buffer.byteLength(name) > LIMITS.identifierBytesMax;
  return isTooLong || name.includes('\0') || !name.isWellFormed() ? unknown() : name;
}

function unknown(): never {
  return refuse('relation.unknown', { detail: 'not a name' });
}
