import { Refusal } from '@secure-mcp/validation';

import {
  type Argument,
  object,
  type Oid,
  option,
  paths,
  TOP,
  without,
  word,
} from '../../guard/index.ts';
import type { Handle } from '../handle.ts';
import type { LogQuery } from '../repository.ts';
import type { Commit, LogPage } from '../results.ts';
import { DIFF_FLAGS } from './diff-flags.ts';
import { type CommitFiles, filesOf } from './log-files.ts';
import { LOG_FLAGS } from './log-flags.ts';
import { oidFromGit } from './oids.ts';
import { walk } from './walk.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/** Commits that the walk on the long-lived process passes; farther pages are a command's. */
const WALKED_MAX = 1200;

/**
 * Lists commits as `git log` does.
 *
 * git only ever prints ids here. The commits are read from their bytes, so that no text of a repository
 * goes through a format, an encoding or a mark that it could forge.
 */
export async function log(handle: Handle, query: LogQuery): Promise<LogPage> {
  const found = (await walked(handle, query)) ?? (await listed(handle, query));
  const commits = found.slice(0, query.limit);
  const { files, leftOut }: CommitFiles =
    query.files && commits.length > 0 ? await filesOf(handle, commits) : NO_FILES;
  return { commits, files, filesLeftOut: leftOut, more: found.length > query.limit };
}

const NO_FILES: CommitFiles = { files: new Map(), leftOut: new Map() };

async function walked(handle: Handle, query: LogQuery): Promise<readonly Commit[] | undefined> {
  if (!isPlain(query)) return undefined;
  try {
    return await walk(handle.objects, query);
  } catch (error) {
    // git passes a commit that is too large for us, and names it; only its parents were needed.
    if (error instanceof Refusal && error.code === 'object.too_large') return undefined;
    throw error;
  }
}

/** True for a query that only follows parents: nothing has to be compared or searched. */
function isPlain(query: LogQuery): boolean {
  const { exclude, skip, limit, author, message, changedText, since, until } = query;
  return (
    exclude.length === 0 &&
    !hasPath(query) &&
    skip + limit <= WALKED_MAX &&
    [author, message, changedText, since, until].every((filter) => filter === undefined)
  );
}

/** One commit more than `limit`, if there is one. */
async function listed(handle: Handle, query: LogQuery): Promise<readonly Commit[]> {
  const oids: Oid[] = [];
  const fields = { args: argumentsOf(query), separator: LINE_FEED };
  await readFields(handle, fields, (line) => {
    oids.push(oidFromGit(line));
  });
  return await handle.objects.commits(oids);
}

function argumentsOf(query: LogQuery): readonly Argument[] {
  const { path, from, exclude, skip, limit } = query;
  return [
    word('log'),
    word('--format=%H'),
    option('--skip=', skip),
    option('--max-count=', limit + 1),
    ...LOG_FLAGS,
    ...DIFF_FLAGS,
    ...filtersOf(query),
    object(from),
    ...exclude.map(without),
    ...paths(path === undefined || path === TOP ? [] : [path]),
  ];
}

function filtersOf(query: LogQuery): readonly Argument[] {
  const { author, message, changedText, since, until } = query;
  return [
    ...when(query.firstParent, () => word('--first-parent')),
    ...when(query.noMerges, () => word('--no-merges')),
    ...when(query.follow && hasPath(query), () => word('--follow')),
    // Both are texts to be found as they are.
    word('--fixed-strings'),
    ...given(author, (text) => option('--author=', text)),
    ...given(message, (text) => option('--grep=', text)),
    ...given(changedText, (text) => option('-S', text)),
    ...given(since, (seconds) => option('--max-age=', seconds)),
    ...given(until, (seconds) => option('--min-age=', seconds)),
  ];
}

/** The top of a repository is all of it. */
function hasPath({ path }: LogQuery): boolean {
  return path !== undefined && path !== TOP;
}

function when(condition: boolean, make: () => Argument): readonly Argument[] {
  return condition ? [make()] : [];
}

function given<Value>(
  value: Value | undefined,
  make: (value: Value) => Argument,
): readonly Argument[] {
  return value === undefined ? [] : [make(value)];
}
