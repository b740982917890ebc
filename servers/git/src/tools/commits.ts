import * as z from 'zod';

import type { ChangedFile, Commit, Tag } from '../adapter/index.ts';
import { FILE, fileFacts, fileLines } from './changes.ts';
import { counted, cut, joinSentences, oneLine, present, shortId } from './words.ts';

/** How commits and tags are told. Their texts are anybody's, so they only ever stand in data. */

export const COMMIT = z.strictObject({
  oid: z.string(),
  parents: z.array(z.string()).optional(),
  author: z.string().optional(),
  email: z.string().optional(),
  at: z.string().optional(),
  committer: z.string().optional(),
  committed_at: z.string().optional(),
  subject: z.string(),
  body: z.string().optional(),
  body_cut: z.boolean().optional(),
  signed: z.boolean().optional().describe('Not verified.'),
  unreadable: z.string().optional(),
  files: z.array(FILE).optional(),
  /** How many more it changed than are listed. */
  more_files: z.int().optional(),
});
export type CommitFacts = z.output<typeof COMMIT>;

/** A commit in a list: whose it is, when, and what it is about. */
export function commitFacts(commit: Commit): CommitFacts {
  const { oid, parents, author, subject, signed, unreadable } = commit;
  return {
    oid,
    subject,
    ...present({
      parents: [...parents],
      author: author.name,
      email: author.email,
      at: author.at,
      signed,
      unreadable,
    }),
  };
}

/** A commit with its message. The committer is told where it is somebody else, or another time. */
export function wholeCommitFacts(commit: Commit, charactersMax: number): CommitFacts {
  const { author, committer, body } = commit;
  const { text, isCut } = cut(body, charactersMax);
  const same = author.name === committer.name && author.email === committer.email;
  return {
    ...commitFacts(commit),
    ...present({
      committer: same ? undefined : `${committer.name} <${committer.email}>`,
      committed_at: committer.at === author.at ? undefined : committer.at,
      body: text,
      body_cut: isCut || commit.isCut,
    }),
  };
}

/** The same with the files that it changed, and how many are left out of the list. */
export function withFiles(
  commit: CommitFacts,
  files: readonly ChangedFile[],
  leftOut = 0,
): CommitFacts {
  return {
    ...commit,
    files: files.map(fileFacts),
    ...(leftOut > 0 && { more_files: leftOut }),
  };
}

/** One commit on one line. */
export function commitLine({ oid, at, author = '', subject, unreadable }: CommitFacts): string {
  if (unreadable !== undefined) return `${shortId(oid)}  (${unreadable})`;
  return [shortId(oid), at ?? '(no date)', oneLine(author), oneLine(subject)].join('  ');
}

/** What the server says of a commit: ids and counts only, nothing that its author wrote. */
export function commitHead({ oid, parents = [], signed = false, ...rest }: CommitFacts): string {
  const { unreadable, more_files: leftOut = 0 } = rest;
  if (unreadable !== undefined) return `commit ${oid}, ${unreadable}`;
  const from = parents.length === 0 ? '' : `, parents ${parents.map(shortId).join(' ')}`;
  const more = leftOut === 0 ? '' : `, ${counted(leftOut, 'more file')} not listed`;
  return `commit ${oid}${from}${signed ? ', signed (not verified)' : ''}${more}`;
}

/** What its author wrote. */
export function commitText(commit: CommitFacts): string {
  const {
    author = '',
    email = '',
    at,
    subject,
    body,
    body_cut: isCut = false,
    files = [],
  } = commit;
  return [
    `author: ${joinSentences(oneLine(author), `<${oneLine(email)}>`, at ?? '(no date)')}`,
    ...committerLines(commit),
    '',
    subject,
    ...(body === undefined ? [] : ['', `${body}${isCut ? ' … (cut)' : ''}`]),
    ...(files.length === 0 ? [] : ['', ...files.flatMap(fileLines)]),
  ].join('\n');
}

function committerLines({ committer, committed_at: at }: CommitFacts): readonly string[] {
  if (committer === undefined && at === undefined) return [];
  return [`committer: ${joinSentences(oneLine(committer ?? 'the author'), at ?? '')}`];
}

export const TAG = z.strictObject({
  oid: z.string(),
  name: z.string(),
  target: z.string(),
  kind: z.string(),
  tagger: z.string().optional(),
  email: z.string().optional(),
  at: z.string().optional(),
  message: z.string(),
  message_cut: z.boolean().optional(),
  signed: z.boolean().optional(),
});
export type TagFacts = z.output<typeof TAG>;

export function tagFacts(tag: Tag, charactersMax: number): TagFacts {
  const { oid, name, target, kind, tagger, signed } = tag;
  const { text, isCut } = cut(tag.message, charactersMax);
  return {
    oid,
    name,
    target,
    kind,
    message: text,
    ...present({
      tagger: tagger?.name,
      email: tagger?.email,
      at: tagger?.at,
      message_cut: isCut || tag.isCut,
      signed,
    }),
  };
}

export function tagHead({ oid, kind, target, signed = false }: TagFacts): string {
  return `tag ${oid}, of ${kind} ${shortId(target)}${signed ? ', signed (not verified)' : ''}`;
}

export function tagText({ name, tagger, email = '', at, ...tag }: TagFacts): string {
  const by = tagger === undefined ? [] : [`tagger: ${oneLine(tagger)} <${oneLine(email)}>`];
  const cutNote = tag.message_cut === true ? ' … (cut)' : '';
  return [
    `name: ${oneLine(name)}`,
    ...by,
    ...(at === undefined ? [] : [`at: ${at}`]),
    '',
    `${tag.message}${cutNote}`,
  ].join('\n');
}
