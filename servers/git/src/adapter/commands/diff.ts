import { type Argument, object, type Oid, option, paths, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { DiffQuery } from '../repository.ts';
import type { Changes } from '../results.ts';
import { ChangesReading } from './changes-reading.ts';
import { DIFF_FLAGS } from './diff-flags.ts';
import { comparing, NoAnswer } from './diff-trees.ts';
import { emptyTree } from './empty-tree.ts';
import { PatchPage } from './patch.ts';
import { createWays } from './ways.ts';
import { type Fields, LINE_FEED, readFields, utf8 } from './z-fields.ts';

/**
 * What changed between two of: commits, the index, the work tree. Equal to plain `git diff`, but for the
 * inside of submodules, which is not looked at.
 *
 * A page ends where a patch does not fit any more; the next one begins with that file. A patch that alone
 * is larger than `patchBytes`, that of a generated file, and one for which git would read what lies
 * elsewhere (behind a link in the place of a directory, in a directory with a repository of its own), is
 * left out and named in `withheld`.
 * Refuses `repository.bare`, `repository.too_large` (names of 64 kilobytes), `path.encoding`.
 */
export async function diff(handle: Handle, query: DiffQuery): Promise<Changes> {
  if (query.what.mode !== 'objects') {
    await handle.index();
    return compute(handle, query);
  }
  const key = `diff ${JSON.stringify(query)}`;
  const known = handle.cache.get<Changes>(key);
  if (known !== undefined) return known;
  const changes = await compute(handle, query);
  handle.cache.set(key, changes, sizeOf(changes));
  return changes;
}

async function compute(handle: Handle, query: DiffQuery): Promise<Changes> {
  // Where patches may come, a conflict is one change and not two; before the first one we have enough.
  const patches = query.patch || query.what.mode === 'unstaged' ? [word('--patch')] : [];
  const options = optionsOf(query, [word('--raw'), word('--numstat'), ...patches]);
  const compared = await comparing(handle, query, options);
  if (compared !== undefined) {
    try {
      return await read({ ...handle, ...compared }, query, options);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
  return read(handle, query, options);
}

async function read(
  handle: Handle,
  query: DiffQuery,
  options: readonly Argument[],
): Promise<Changes> {
  const { skip, limit, patch, patchBytes, paths: named } = query;
  const { workTree } = handle.profile;
  const reading = new ChangesReading({
    skip,
    limit,
    patchBytes: patch ? patchBytes : undefined,
    named: new Set<string>(named),
    ways: readsWorkTree(query) && workTree !== undefined ? createWays(workTree) : undefined,
  });
  const { cut } = await readFields(handle, commandOf(handle, query, options), (line, isCut) =>
    reading.line(line, isCut),
  );
  if (cut) reading.patches?.abandon();
  else reading.patches?.finish();
  const conflicts = await conflictPatches(handle, query, reading);
  return changesOf(reading, conflicts, cut);
}

function optionsOf(query: DiffQuery, formats: readonly Argument[]): readonly Argument[] {
  return [
    ...(query.what.mode === 'objects' ? [word('-r')] : []),
    ...DIFF_FLAGS,
    ...formats,
    word('--no-abbrev'),
    word('--full-index'),
    option('--unified=', query.context),
    ...(query.ignoreWhitespace ? [word('--ignore-all-space')] : []),
  ];
}

function commandOf({ profile }: Handle, query: DiffQuery, options: readonly Argument[]): Fields {
  const { what, patchBytes } = query;
  return {
    args: [
      ...verbOf(what.mode),
      ...options,
      ...sidesOf(what, emptyTree(profile.objectFormat)),
      ...paths(query.paths),
    ],
    refreshes: readsWorkTree(query),
    separator: LINE_FEED,
    // A longer line is part of a patch that does not fit anyway.
    fieldBytesMax: Math.max(LIMITS.fieldBytesMax, patchBytes + 1),
    bytesMax: LIMITS.countedBytesMax,
  };
}

function readsWorkTree({ what: { mode } }: DiffQuery): boolean {
  return mode === 'unstaged' || mode === 'worktree';
}

/**
 * Only the porcelain hides files of the work tree whose times changed and whose content did not. Without
 * a work tree the plumbing does less, and has no way to compare two files outside of the repository.
 */
function verbOf(mode: DiffQuery['what']['mode']): readonly Argument[] {
  switch (mode) {
    case 'unstaged':
    case 'worktree':
      return [word('diff')];
    case 'staged':
      return [word('diff-index'), word('--cached')];
    case 'objects':
      return [word('diff-tree')];
  }
}

function sidesOf(what: DiffQuery['what'], empty: Oid): readonly Argument[] {
  switch (what.mode) {
    case 'unstaged':
      return [];
    case 'worktree':
      return [object(what.base)];
    case 'staged':
      return [object(what.base ?? empty)];
    case 'objects':
      return [object(what.base ?? empty), object(what.head)];
  }
}

/**
 * Patches of conflicts that git shows against both sides, as `git diff` does. Together with `--raw` it
 * leaves them out, so they are a command of their own. They get the room that the others left.
 */
async function conflictPatches(
  handle: Handle,
  query: DiffQuery,
  reading: ChangesReading,
): Promise<PatchPage | undefined> {
  const hasConflicts = reading.changes.some(({ combined }) => combined);
  if (!query.patch || !hasConflicts || reading.hasForger || reading.hasClosedConflict)
    return undefined;
  const page = new PatchPage(
    reading.wanted(true),
    reading.patches === undefined ? query.patchBytes : reading.patches.room,
  );
  const formats = [word('--patch'), word('--diff-filter=U')];
  const command = commandOf(handle, query, optionsOf(query, formats));
  const { cut } = await readFields(handle, command, (line, isCut) => page.line(line, isCut));
  if (cut) page.abandon();
  else page.finish();
  return page;
}

function changesOf(
  reading: ChangesReading,
  conflicts: PatchPage | undefined,
  cut: boolean,
): Changes {
  const { patches, files, added, removed, page } = reading;
  const listed = reading.list();
  // At least one file is given out, or the next page would be the same one.
  const end = Math.max(Math.min(1, listed.length), patches?.full ?? listed.length);
  const next = page.skip + end < files ? page.skip + end : undefined;
  const isWithheld = withholding(reading, conflicts, cut);
  return {
    files: listed.slice(0, end),
    totals: { files, added, removed },
    patch: utf8(`${conflicts?.text ?? ''}${patches?.text ?? ''}`),
    withheld: listed.filter((_, file) => file < end && isWithheld(file)).map(({ path }) => path),
    next,
    truncated: next !== undefined || cut,
    digest: reading.digest(),
  };
}

/** Which files have a patch that is not on the page. */
function withholding(
  reading: ChangesReading,
  conflicts: PatchPage | undefined,
  cut: boolean,
): (file: number) => boolean {
  const { page, changes, counts, patches, hasForger } = reading;
  if (page.patchBytes === undefined) return () => false;
  return (file) => {
    const change = changes[file];
    if (change === undefined) return false;
    if (reading.isClosed(change)) return true;
    // Without numbers there is no difference of those that were asked for.
    if (!(change.combined || counts.has(change))) return false;
    if (hasForger || !reading.mayShow(change)) return true;
    return isLeftOut(change.combined ? conflicts : patches, file, cut);
  };
}

function isLeftOut(page: PatchPage | undefined, file: number, cut: boolean): boolean {
  if (page === undefined) return cut;
  if (page.done.has(file)) return false;
  return cut || page.tooLarge.has(file) || file >= (page.full ?? Infinity);
}

/** About the bytes that an answer takes in memory. */
function sizeOf({ files, patch }: Changes): number {
  return 2 * patch.length + files.reduce((sum, { path }) => sum + 2 * path.length + 256, 256);
}
