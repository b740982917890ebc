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
 * Entries and bytes are counted as they are read, and nothing is read behind the page: a small tree
 * that names one directory a million times, and that again, costs no more than any other. Names of
 * kilobytes make the page shorter.
 */
export async function tree(handle: Handle, top: Oid, page: TreePage): Promise<TreeListing> {
  const reading = new PageReading(page);
  for await (const walked of walk(handle, top, page.depth)) {
    if (!reading.take(walked)) break;
  }
  const { found, next, truncated } = reading;
  const entries = await Promise.all(found.map((walked) => entryOf(handle, walked)));
  return { entries, next, truncated };
}

/** Counts entries up to the end of a page. */
class PageReading {
  readonly found: Walked[] = [];
  readonly #skip: number;
  #end: number;
  #seen = 0;
  #bytesLeft: number = LIMITS.pagePathBytesMax;
  #leftOut = false;

  constructor({ skip, limit }: TreePage) {
    this.#skip = skip;
    this.#end = skip + limit;
  }

  /** False when no more is wanted. */
  take(walked: Walked | typeof LEFT_OUT): boolean {
    if (walked === LEFT_OUT) {
      this.#leftOut = true;
      return true;
    }
    if (this.#seen >= this.#skip && this.#seen < this.#end) this.#keep(walked);
    this.#seen += 1;
    return this.#seen <= this.#end && !this.#counted;
  }

  get next(): number | undefined {
    return this.#seen > this.#end ? this.#end : undefined;
  }

  get truncated(): boolean {
    return this.#leftOut || this.#counted || this.#seen > this.#end;
  }

  get #counted(): boolean {
    return this.#seen >= LIMITS.treeEntriesMax;
  }

  #keep(walked: Walked): void {
    this.found.push(walked);
    this.#bytesLeft -= lengthOf(walked);
    if (this.#bytesLeft <= 0) this.#end = this.#seen + 1;
  }
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
  return await entryOf(handle, { raw, names: path.split('/') });
}

interface Walked {
  readonly raw: RawEntry;
  /** From the top of the listing, as byte strings. */
  readonly names: readonly string[];
}

/** In the place of what is larger than anything of its kind may be: it is not listed, or not looked into. */
const LEFT_OUT = 'left out';

/** A visible byte takes at most so many, as `\x{HH}`. */
const SHOWN_BYTES_MAX = 6;

function lengthOf({ names }: Walked): number {
  return names.reduce((sum, name) => sum + 1 + SHOWN_BYTES_MAX * name.length, 0);
}

async function* walk(
  handle: Handle,
  top: Oid,
  topDepth: number,
): AsyncGenerator<Walked | typeof LEFT_OUT> {
  let left: number = LIMITS.treesBytesMax;
  yield* beneath(top, topDepth, []);

  async function* beneath(
    oid: Oid,
    depth: number,
    above: readonly string[],
  ): AsyncGenerator<Walked | typeof LEFT_OUT> {
    const bytes = await handle.objects.bytes(oid, LIMITS.treeBytesMax);
    left -= bytes.length;
    for (const raw of readTree(bytes, idBytesOf(handle))) {
      if (raw === 'too long') {
        yield LEFT_OUT;
        continue;
      }
      const names = [...above, raw.name];
      yield { raw, names };
      if (raw.kind !== 'directory' || depth <= 1) continue;
      // The next entry stands behind all that is in this one.
      // oxlint-disable-next-line no-await-in-loop
      const info = await handle.objects.info(raw.oid);
      if (info === undefined || info.size > Math.min(left, LIMITS.treeBytesMax)) yield LEFT_OUT;
      else yield* beneath(raw.oid, depth - 1, names);
    }
  }
}

async function entryOf({ objects }: Handle, { raw, names }: Walked): Promise<TreeEntry> {
  const { kind, oid } = raw;
  const hasSize = kind !== 'directory' && kind !== 'submodule';
  const info = hasSize ? await objects.info(oid) : undefined;
  return { path: visible(names), kind, oid, size: info?.size };
}

/** A separator within a name can only be a lie, and is shown as what it is. */
function visible(names: readonly string[]): string {
  return names.map((name) => textFromByteString(name).replaceAll('/', '\\x{2F}')).join('/');
}

function idBytesOf({ profile }: Handle): number {
  return profile.objectFormat === 'sha1' ? 20 : 32;
}
