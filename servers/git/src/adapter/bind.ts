import { refuse, word } from '../guard/index.ts';
import { blame } from './commands/blame.ts';
import { blob } from './commands/blob.ts';
import { compare, mergeBases } from './commands/compare.ts';
import { contributors } from './commands/contributors.ts';
import { diff } from './commands/diff.ts';
import { grep } from './commands/grep.ts';
import { commitOfHead } from './commands/head.ts';
import { log } from './commands/log.ts';
import { namesLike } from './commands/names.ts';
import { reflog } from './commands/reflog.ts';
import { refs } from './commands/refs.ts';
import { status } from './commands/status.ts';
import { entryAt, tree } from './commands/tree.ts';
import type { Cache, GitCommand, GitEnded, Handle, Profile, Run, Sink } from './handle.ts';
import type { Batch } from './objects/batch.ts';
import { createObjects } from './objects/objects.ts';
import type { Repository } from './repository.ts';
import type { Opened } from './repository/building.ts';
import type { RunGit } from './repository/git-runs.ts';
import type { HeldIndex } from './repository/private-index.ts';
import { refFilesOf } from './repository/ref-files.ts';

/** What one call needs to work on an opened repository. */
export interface HandleParts {
  readonly opened: Opened;
  readonly batch: Batch;
  readonly cache: Cache;
  readonly git: RunGit;
  readonly run: Run;
}

/** The one command that writes objects; it gets a store of its own (repository/merge-store.ts). */
const WRITES_OBJECTS = word('merge-tree');

const INDEX_GONE = 'the copy of the index was taken away';

/** Makes the handle of one call. An index is shown to git only after it was looked through. */
export function handleOf({ opened, batch, cache, git, run }: HandleParts): Handle {
  const { profile, prepared, index, merges } = opened;
  const held: HeldIndex[] = [];

  return {
    profile,
    cache,
    objects: createObjects({ profile, batch, cache }),
    refFiles: refFilesOf(prepared),
    async git(command: GitCommand, sink: Sink): Promise<GitEnded> {
      const shown = held.at(-1);
      const indexed = shown === undefined ? {} : { GIT_INDEX_FILE: shown.file };
      const act = async (base: Profile): Promise<GitEnded> =>
        git({ ...base, env: { ...base.env, ...indexed } }, command, sink);
      const writes = command.args[0] === WRITES_OBJECTS;
      const ended = await (writes ? merges.use(run, act) : act(profile));
      // A host that cleans its directory for temporary files can take it away.
      if (shown?.isGone() === true) return refuse('repository.broken', { detail: INDEX_GONE });
      return ended;
    },
    async index() {
      if (profile.workTree === undefined) return refuse('repository.bare');
      const current = await index.current({ git, signal: run.signal });
      held.push(current);
      return current.facts;
    },
    release() {
      for (const { release } of held.splice(0)) release();
    },
  };
}

/** Makes of a handle what tools see: every operation is one function on it. */
export function repositoryOf(handle: Handle, id: string): Repository {
  const { objects, profile } = handle;
  const onIndex = releasing(handle);
  return {
    id,
    warnings: profile.warnings,
    bare: profile.workTree === undefined,
    resolve: (revision) => objects.resolve(revision),
    commitOf: (revision) => objects.commitOf(revision),
    head: () => commitOfHead(handle),
    commit: (oid) => objects.commit(oid),
    tag: (oid) => objects.tag(oid),
    entryAt: (treeish, path) => entryAt(handle, treeish, path),
    blob: (oid, window) => blob(handle, oid, window),
    tree: (oid, how) => tree(handle, oid, how),
    log: (query) => log(handle, query),
    status: (query) => onIndex(() => status(handle, query)),
    diff: (query) => onIndex(() => diff(handle, query)),
    grep: (query) => grep(handle, query),
    blame: (query) => blame(handle, query),
    refs: (query) => refs(handle, query),
    reflog: (query) => reflog(handle, query),
    contributors: (query) => contributors(handle, query),
    compare: (query) => compare(handle, query),
    mergeBases: (base, head) => mergeBases(handle, base, head),
    namesLike: (text, limit) => namesLike(handle, text, limit),
  };
}

/** Lets go of what a handle holds when the last of the operations is over that run side by side on it. */
function releasing(handle: Handle): <Value>(act: () => Promise<Value>) => Promise<Value> {
  let running = 0;
  return async (act) => {
    running += 1;
    try {
      return await act();
    } finally {
      running -= 1;
      if (running === 0) handle.release();
    }
  };
}
