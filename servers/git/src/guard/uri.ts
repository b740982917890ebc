import { type Oid, parseOid } from './oid.ts';
import { parseTreePath, TOP, type TreePath } from './path.ts';
import { refuse } from './refusals.ts';
import { parseRepositoryId, type RepositoryId } from './repository-id.ts';
import { parseRevision, type Revision } from './revision.ts';

export const SCHEME = 'git:';
const PREFIX = `${SCHEME}//`;

/** An id, two revisions and a path at their longest, each byte of them an escape. */
const URI_CHARACTERS_MAX = 16_384;

/** What a URI of ours names. Nothing says that it exists. */
export type ParsedUri =
  | {
      readonly kind: 'blob';
      readonly repository: RepositoryId;
      readonly revision: Revision;
      readonly path: TreePath;
    }
  | { readonly kind: 'commit'; readonly repository: RepositoryId; readonly oid: Oid }
  | {
      readonly kind: 'diff';
      readonly repository: RepositoryId;
      readonly base: Revision;
      readonly head: Revision;
    };

/**
 * Reads `git://{repo}/blob/{rev}/{+path}`, `git://{repo}/commit/{oid}` or
 * `git://{repo}/diff/{base}...{head}`. Refuses `repository.unknown`, `revision.invalid` and
 * `path.invalid`.
 *
 * The text is taken apart first; then each part is decoded exactly once and judged as what it is. So a
 * `/` within an id or a revision is written `%2F`, and one within a step of a path is refused.
 * `new URL()` is not used: it folds `..` and keeps `%2f`, so that what was checked is not what is
 * decoded later (CWE-22 by double decoding, CWE-174).
 */
export function parseUri(uri: string): ParsedUri {
  const [repo = '', kind, ...rest] = partsOf(uri);
  const repository = parseRepositoryId(decode(repo));
  switch (kind) {
    case 'blob': {
      const [revision = '', ...steps] = rest;
      return { kind, repository, revision: parseRevision(decode(revision)), path: pathOf(steps) };
    }
    case 'commit':
      return { kind, repository, oid: parseOid(onlyOf(rest)) ?? unknown() };
    case 'diff': {
      // No revision ends or begins with a dot, or holds two, so this is the only place to divide.
      const [base = '', head = '', ...more] = onlyOf(rest).split('...');
      if (more.length > 0) return unknown();
      return { kind, repository, base: parseRevision(base), head: parseRevision(head) };
    }
    default:
      return unknown();
  }
}

/** True for a URI of one kind. Says nothing of whether it leads anywhere. */
export function isUri(kind: ParsedUri['kind'], uri: string): boolean {
  return uri.startsWith(PREFIX) && uri.slice(PREFIX.length).split('/', 2)[1] === kind;
}

/** Writes the URI of a file at a revision; each part is the text that a caller would write. */
export function blobUri(repository: string, revision: string, path: string): string {
  return uriOf(repository, 'blob', revision, ...path.split('/'));
}

/** Writes the URI of a commit. */
export function commitUri(repository: string, oid: Oid): string {
  return uriOf(repository, 'commit', oid);
}

/** Writes the URI of what the head has and the base has not. */
export function diffUri(repository: string, base: string, head: string): string {
  return `${uriOf(repository, 'diff')}/${encodeURIComponent(base)}...${encodeURIComponent(head)}`;
}

function uriOf(...parts: readonly string[]): string {
  return `${PREFIX}${parts.map(encodeURIComponent).join('/')}`;
}

function partsOf(uri: string): readonly string[] {
  const isOurs = uri.startsWith(PREFIX) && uri.length <= URI_CHARACTERS_MAX && !/[?#]/.test(uri);
  return isOurs ? uri.slice(PREFIX.length).split('/') : unknown();
}

function onlyOf(parts: readonly string[]): string {
  const [only, ...more] = parts;
  return only === undefined || more.length > 0 ? unknown() : decode(only);
}

function pathOf(steps: readonly string[]): TreePath {
  const decoded = steps.map(decode);
  if (decoded.some((step) => step.includes('/'))) return refuse('path.invalid');
  const path = parseTreePath(decoded.join('/'));
  return path === TOP ? refuse('path.invalid') : path;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return unknown();
  }
}

function unknown(): never {
  return refuse('repository.unknown', { detail: 'not one of our URIs' });
}
