import { fromVisible } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { refuse } from './refusals.ts';

/** A relation as a caller names it. It is a text to look up; nothing says that it exists. */
export interface RequestedName {
  readonly schema: string | undefined;
  readonly name: string;
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const RELATION = new RegExp(String.raw`^\s*(?:(${NAME})\s*\.\s*)?(${NAME})\s*$`, 'u');

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
