import { type Oid, parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { DatedCommit } from '../handle.ts';
import type { Commit } from '../results.ts';
import { decoderFor } from './decode.ts';
import { firstHeader, keptOf, lastHeader, type RawHeaders, readHeaders } from './headers.ts';
import { readMessage } from './message.ts';
import { readPerson } from './person.ts';
import { shortened } from './shortened.ts';

/**
 * Reads a commit from its bytes, which anybody can have made. Only what git itself needs has to be
 * there: a tree, and parents that are names. Refuses `repository.broken` without it, and
 * `object.too_large` for more headers or parents than anybody needs. Long texts are cut.
 */
export function readCommit(oid: Oid, object: Buffer): DatedCommit {
  const headers = readHeaders(object);
  return { commit: commitOf(oid, headers), date: dateOf(headers) };
}

function commitOf(oid: Oid, headers: RawHeaders): Commit {
  const decode = decoderFor(firstHeader(headers, 'encoding'));
  const { text, isCut } = keptOf(headers.message, decode);
  const { subject, body } = readMessage(text);
  return {
    oid,
    tree: treeOf(oid, headers),
    parents: parentsOf(oid, headers),
    author: readPerson(lastHeader(headers, 'author'), decode),
    committer: readPerson(lastHeader(headers, 'committer'), decode),
    subject: shortened(subject, LIMITS.subjectCharactersMax),
    body,
    isCut,
    signed: headers.lines.some(([name]) => SIGNATURES.has(name)),
  };
}

const SIGNATURES: ReadonlySet<string> = new Set(['gpgsig', 'gpgsig-sha256']);

function treeOf(oid: Oid, { lines: [first] }: RawHeaders): Oid {
  return first?.[0] === 'tree' ? nameIn(oid, first[1]) : broken(oid);
}

/** Parents follow the tree; a line called so further down is not one to git either. */
function parentsOf(oid: Oid, { lines }: RawHeaders): readonly Oid[] {
  const after = lines.slice(1);
  const end = after.findIndex(([name]) => name !== 'parent');
  const count = end === -1 ? after.length : end;
  if (count > LIMITS.parentsMax)
    refuse('object.too_large', { detail: `${oid} has ${count} parents` });
  return after.slice(0, count).map(([, id]) => nameIn(oid, id));
}

/** The committer's date, if the lines stand where all of git's own readers look for them. */
function dateOf({ lines }: RawHeaders): number | undefined {
  const after = lines.slice(1 + lines.slice(1).findIndex(([name]) => name !== 'parent'));
  const [author, committer] = after;
  if (author?.[0] !== 'author' || committer?.[0] !== 'committer') return undefined;
  const [, seconds] = DATED.exec(committer[1]) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

const DATED = /^[^<>]*<[^<>]*> ([0-9]{1,15}) [+-][0-9]+$/;

function nameIn(oid: Oid, text: string): Oid {
  const name = parseOid(text);
  return name?.length === oid.length ? name : broken(oid);
}

function broken(oid: Oid): never {
  return refuse('repository.broken', { detail: `${oid} is no well-formed commit` });
}
