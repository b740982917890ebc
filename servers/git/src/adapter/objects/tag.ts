import { type Oid, parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import type { ObjectKind, Tag } from '../results.ts';
import { utf8 } from './decode.ts';
import { firstHeader, lastHeader, readHeaders } from './headers.ts';
import { withoutNewlines } from './message.ts';
import { readPerson } from './person.ts';

/** Reads an annotated tag from its bytes. Refuses `repository.broken` when it says not what it tags. */
export function readTag(oid: Oid, object: Buffer): Tag {
  const headers = readHeaders(object);
  const target = parseOid(firstHeader(headers, 'object') ?? '');
  const kind = KINDS.get(firstHeader(headers, 'type') ?? '');
  if (target?.length !== oid.length || kind === undefined) {
    return refuse('repository.broken', { detail: `${oid} is no well-formed tag` });
  }
  const tagger = lastHeader(headers, 'tagger');
  const message = utf8(headers.message);
  const signature = signatureIn(message);
  return {
    oid,
    target,
    kind,
    name: utf8(Buffer.from(firstHeader(headers, 'tag') ?? '', 'latin1')),
    tagger: tagger === undefined ? undefined : readPerson(tagger, utf8),
    message: withoutNewlines(withoutFirstNewlines(message.slice(0, signature))),
    signed: signature !== undefined || headers.lines.some(([name]) => name.startsWith('gpgsig')),
  };
}

const KINDS: ReadonlyMap<string, ObjectKind> = new Map([
  ['commit', 'commit'],
  ['tree', 'tree'],
  ['blob', 'blob'],
  ['tag', 'tag'],
]);

/** Where the signature begins: the last line that opens one, as git looks for it. */
function signatureIn(message: string): number | undefined {
  const starts = [...message.matchAll(SIGNATURE)].map(({ index }) => index);
  return starts.at(-1);
}

const SIGNATURE = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----/gm;

function withoutFirstNewlines(text: string): string {
  let at = 0;
  while (text.charAt(at) === '\n') at += 1;
  return text.slice(at);
}
