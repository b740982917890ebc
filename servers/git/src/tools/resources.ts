import { defineResource, type ListedResource, type ResourceContent } from '@secure-mcp/runtime';

import type { Repository } from '../adapter/index.ts';
import {
  commitUri,
  isUri,
  type Oid,
  type ParsedUri,
  parseUri,
  refuse,
  SCHEME,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import { type FileFacts, fileLines } from './changes.ts';
import { commitHead, commitText } from './commits.ts';
import {
  completeCommit,
  completePath,
  completeRepository,
  completeRevision,
  type Known,
} from './completion.ts';
import type { Context } from './context.ts';
import { mergeBaseOf, treeOf } from './revisions.ts';
import { showChanges, showCommit } from './show-object.ts';
import { entryFacts, entryLine } from './trees.ts';

/**
 * A resource is whole or refused: it has no place for a flag that says that something is missing. Only
 * single patches can be left out, of generated or very large files, and the list of files says so.
 */

/** Every commit leads to all that it holds: a file or a diff needs a place to begin. */
const listNothing = (): readonly [] => [];

/** Where each repository stands. A directory of repositories is looked into by `git_repos`, not by a listing. */
async function listHeads({ find }: Context): Promise<readonly ListedResource[]> {
  const { repositories } = await find({ depth: 0, limit: LIMITS.itemsMax });
  return repositories.flatMap(({ id, head }) =>
    head === undefined
      ? []
      : [{ uri: commitUri(id, head), name: `${id} HEAD`, mimeType: 'text/plain' }],
  );
}

const blob = defineResource<Context>({
  name: 'blob',
  title: 'File at a revision',
  description: 'The text of a file, or the entries of a directory, at a revision.',
  uriTemplate: `${SCHEME}//{repo}/blob/{rev}/{+path}`,
  scheme: SCHEME,
  matches: (uri) => isUri('blob', uri),
  scope: 'repositories:read',
  list: listNothing,

  async read(uri, context) {
    const { repository: id, revision, path } = parsed(uri, 'blob');
    const repository = await context.open(id);
    const { oid, kind } = await repository.entryAt(await treeOf(repository, revision), path);
    if (kind === 'submodule') return refuse('path.not_a_file');
    return kind === 'directory'
      ? [await directoryContent(uri, repository, oid)]
      : [await fileContent(uri, repository, oid)];
  },

  async complete(variable, value, known, context) {
    return variable === 'path'
      ? completePath(value, known, context)
      : completeNames(variable, value, known, context);
  },
});

const commit = defineResource<Context>({
  name: 'commit',
  title: 'Commit',
  description: 'A commit with its message, its files and its patch against its first parent.',
  uriTemplate: `${SCHEME}//{repo}/commit/{oid}`,
  scheme: SCHEME,
  matches: (uri) => isUri('commit', uri),
  scope: 'repositories:read',
  list: listHeads,

  async read(uri, context) {
    const { repository: id, oid } = parsed(uri, 'commit');
    const repository = await context.open(id);
    const { commit: told, ...changes } = await showCommit(repository, oid, WHOLE, context);
    const text = `${commitHead(told)}\n${commitText(told)}`;
    return [{ uri, mimeType: 'text/plain', text }, ...changesContent(uri, changes)];
  },

  async complete(variable, value, known, context) {
    return variable === 'oid'
      ? completeCommit(value, known, context)
      : completeNames(variable, value, known, context);
  },
});

const diff = defineResource<Context>({
  name: 'diff',
  title: 'Diff',
  description: 'What the head has changed since it parted from the base.',
  uriTemplate: `${SCHEME}//{repo}/diff/{base}...{head}`,
  scheme: SCHEME,
  matches: (uri) => isUri('diff', uri),
  scope: 'repositories:read',
  list: listNothing,

  async read(uri, context) {
    const { repository: id, base, head } = parsed(uri, 'diff');
    const repository = await context.open(id);
    const to = await repository.commitOf(head);
    const from = await mergeBaseOf(repository, await repository.commitOf(base), to);
    return changesContent(
      uri,
      await showChanges(repository, { base: from, head: to }, WHOLE, context),
    );
  },

  complete: completeNames,
});

export const resources = [blob, commit, diff] as const;

/** All of it, as far as this server reads anything at all. */
const WHOLE = {
  detail: 'patch',
  skip: 0,
  limit: LIMITS.itemsMax,
  bytes: LIMITS.textBytesMax,
} as const;

const PAGES_HINT = 'The tools git_file, git_tree, git_show and git_diff work in pages.';

/** A URI of one kind: the others never get here, and one that does names nothing. */
function parsed<Kind extends ParsedUri['kind']>(
  uri: string,
  kind: Kind,
): Extract<ParsedUri, { kind: Kind }> {
  const found = parseUri(uri);
  return isOf(found, kind)
    ? found
    : refuse('repository.unknown', { detail: 'another kind of URI' });
}

function isOf<Kind extends ParsedUri['kind']>(
  found: ParsedUri,
  kind: Kind,
): found is Extract<ParsedUri, { kind: Kind }> {
  return found.kind === kind;
}

async function fileContent(
  uri: string,
  repository: Repository,
  oid: Oid,
): Promise<ResourceContent> {
  const window = { startLine: 1, lines: Infinity, bytes: LIMITS.textBytesMax };
  const read = await repository.blob(oid, window);
  if (read.kind === 'binary') return refuse('file.binary');
  if (read.kind === 'too large' || read.cut || read.nextLine !== undefined) {
    return refuse('object.too_large', { hint: PAGES_HINT });
  }
  return { uri, mimeType: 'text/plain', text: read.ended ? `${read.text}\n` : read.text };
}

async function directoryContent(
  uri: string,
  repository: Repository,
  oid: Oid,
): Promise<ResourceContent> {
  const { entries, next } = await repository.tree(oid, { depth: 1, skip: 0, limit: ENTRIES_MAX });
  if (next !== undefined) return refuse('object.too_large', { hint: PAGES_HINT });
  const lines = entries.map((entry) => entryLine(entryFacts(entry)));
  return { uri, mimeType: 'inode/directory', label: lines.join('\n') };
}

/** Entries of a directory that is one resource. */
const ENTRIES_MAX = 1000;

interface ShownChanges {
  readonly files?: readonly FileFacts[];
  readonly patch?: string;
  readonly truncated: boolean;
}

/** Names have been made visible one by one, a patch has not: so they are two contents. */
function changesContent(
  uri: string,
  { files = [], patch, truncated }: ShownChanges,
): readonly ResourceContent[] {
  if (truncated) return refuse('object.too_large', { hint: PAGES_HINT });
  const label = files.flatMap(fileLines).join('\n');
  return [
    { uri, mimeType: 'text/plain', label },
    ...(patch === undefined ? [] : [{ uri, mimeType: 'text/x-diff', text: patch }]),
  ];
}

async function completeNames(
  variable: string,
  value: string,
  known: Known,
  context: Context,
): Promise<readonly string[]> {
  if (variable === 'repo') return completeRepository(value, context);
  const isRevision = variable === 'rev' || variable === 'base' || variable === 'head';
  return isRevision ? completeRevision(value, known, context) : [];
}
