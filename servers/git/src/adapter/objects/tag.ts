import { type Oid, parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Tag } from '../results.ts';
import { OBJECT_KINDS } from './answer.ts';
import { utf8 } from './decode.ts';
import { firstHeader, keptOf, lastHeader, readHeaders } from './headers.ts';
import { withoutNewlines } from './message.ts';
import { readPerson } from './person.ts';
import { shortened } from './shortened.ts';

/** Reads an annotated tag from its bytes. Refuses `repository.broken` when it says not what it tags. */
export function readTag(oid: Oid, object: Buffer): Tag {
  const headers = readHeaders(object);
  const target = parseOid(firstHeader(headers, 'object') ?? '');
  const kind = OBJECT_KINDS.get(firstHeader(headers, 'type') ?? '');
  if (target?.length !== oid.length || kind === undefined) {
    return refuse('repository.broken', { detail: `${oid} is no well-formed tag` });
  }
  const tagger = lastHeader(headers, 'tagger');
  const signature = signatureIn(headers.message);
  const { text, isCut } = keptOf(headers.message.subarray(0, signature), utf8);
  return {
    oid,
    target,
    kind,
    name: nameIn(firstHeader(headers, 'tag')),
    tagger: tagger === undefined ? undefined : readPerson(tagger, utf8),
    message: withoutNewlines(withoutFirstNewlines(text)),
    isCut,
    signed: signature !== undefined || headers.lines.some(([name]) => name.startsWith('gpgsig')),
  };
}

function nameIn(line = ''): string {
  return shortened(utf8(Buffer.from(line, 'latin1')), LIMITS.nameCharactersMax);
}

/** Where the signature begins, in bytes: the last line that opens one, as git looks for it. */
function signatureIn(message: Buffer): number | undefined {
  let last: number | undefined;
  for (const { index } of message.toString('latin1').matchAll(SIGNATURE)) last = index;
  return last;
}

const SIGNATURE = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----/gm;

function withoutFirstNewlines(text: string): string {
  let at = 0;
  while (text.charAt(at) === '\n') at += 1;
  return text.slice(at);
}
