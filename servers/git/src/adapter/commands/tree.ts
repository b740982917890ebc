import { textFromByteString } from '@secure-mcp/validation';

import { type Oid, refuse, TOP, type TreePath, treePathFromBytes } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import { findInTree, type RawEntry, readTree } from '../objects/tree.ts';
import type { TreeEntry, TreeListing } from '../results.ts';

/** Which entries are listed. */
export interface TreePage {
  /** Levels of directories: 1 is the tree itself. */
  readonly depth: number;
  /** Entries before the first one. */
  readonly skip: number;
  readonly limit: number;
}

/**
 * Lists a tree with what is beneath it, in the order of `git ls-tree -r -t`.
 *
 * Entries are counted as they are read, and nothing is read behind the page: a small tree that names
 * one directory a million times, and that again, costs no more than any other.
 */
export async function tree(handle: Handle, top: Oid, page: TreePage): Promise<TreeListing> {
  const end = page.skip + page.limit;
  const found: Walked[] = [];
  let seen = 0;
  let cut = false;
  for await (const walked of walk(handle, top, page.depth)) {
    if (walked === 'too large') {
      cut = true;
      continue;
    }
    if (seen >= page.skip && seen < end) found.push(walked);
    seen += 1;
    cut ||= seen >= LIMITS.treeEntriesMax;
    if (seen > end || cut) break;
  }
  const more = seen > end;
  return {
    entries: await Promise.all(found.map((walked) => entryOf(handle, walked))),
    next: more ? end : undefined,
    truncated: cut || more,
  };
}

/**
 * What stands at a path in a commit or a tree. Refuses `path.unknown`.
 *
 * The kind is in the tree above, and only there: a link and a file are blobs both, and the commit of a
 * submodule is in another repository.
 */
export async function entryAt(handle: Handle, treeish: Oid, path: TreePath): Promise<TreeEntry> {
  const { objects } = handle;
  const slash = path.lastIndexOf('/');
  const above = slash === -1 ? TOP : treePathFromBytes(path.slice(0, slash));
  const parent = above === undefined ? undefined : await objects.at(treeish, above);
  if (parent?.kind !== 'tree') return refuse('path.unknown');
  if (path === TOP) {
    return { path: '', kind: 'directory', oid: parent.oid, size: undefined };
  }
  const bytes = await objects.bytes(parent.oid, LIMITS.treeBytesMax);
  const raw = findInTree(bytes, idBytesOf(handle), path.slice(slash + 1));
  if (raw === undefined) return refuse('path.unknown');
  return await entryOf(handle, { raw, path: visible(path.split('/')) });
}

interface Walked {
  readonly raw: RawEntry;
  /** Visible. */
  readonly path: string;
}

/** A directory that is larger than any tree may be is named, and not looked into. */
async function* walk(
  handle: Handle,
  oid: Oid,
  depth: number,
  prefix = '',
): AsyncGenerator<Walked | 'too large'> {
  const bytes = await handle.objects.bytes(oid, LIMITS.treeBytesMax);
  for (const raw of readTree(bytes, idBytesOf(handle))) {
    const path = `${prefix}${visible([raw.name])}`;
    yield { raw, path };
    if (raw.kind !== 'directory' || depth <= 1) continue;
    // The next entry stands behind all that is in this one.
    // oxlint-disable-next-line no-await-in-loop
    const info = await handle.objects.info(raw.oid);
    if (info === undefined || info.size > LIMITS.treeBytesMax) yield 'too large';
    else yield* walk(handle, raw.oid, depth - 1, `${path}/`);
  }
}

async function entryOf({ objects }: Handle, { raw, path }: Walked): Promise<TreeEntry> {
  const { kind, oid } = raw;
  const hasSize = kind !== 'directory' && kind !== 'submodule';
  const info = hasSize ? await objects.info(oid) : undefined;
  return { path, kind, oid, size: info?.size };
}

/** A separator within a name can only be a lie, and is shown as what it is. */
function visible(names: readonly string[]): string {
  return names.map((name) => textFromByteString(name).replaceAll('/', '\\x{2F}')).join('/');
}

function idBytesOf({ profile }: Handle): number {
  return profile.objectFormat === 'sha1' ? 20 : 32;
}
