import { object, type Oid, parseOid, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { Comparison } from '../results.ts';
import { shownPath } from './shown-path.ts';
import { NUL, readFields } from './z-fields.ts';

/**
 * What merging one commit into another would do. git merges in memory and writes the blobs and trees of
 * the result into a store of copies (repository/merge-store.ts): nothing of the repository is touched.
 */
export async function previewMerge(
  handle: Handle,
  { base, head }: { readonly base: Oid; readonly head: Oid },
): Promise<Comparison['merge']> {
  const reading = new MergeReading();
  const { code, cut } = await readFields(
    handle,
    {
      args: [
        word('merge-tree'),
        word('--write-tree'),
        word('-z'),
        word('--name-only'),
        word('--messages'),
        object(base),
        object(head),
      ],
      separator: NUL,
      exitCodes: [CLEAN, CONFLICTS],
      bytesMax: LIMITS.countedBytesMax,
    },
    (field) => reading.field(field),
  );
  if (cut) return refuse('repository.too_large');
  return {
    clean: code === CLEAN,
    conflicts: reading.conflicts(),
    conflictsTotal: reading.total,
    tree: code === CLEAN ? reading.tree : undefined,
  };
}

const CLEAN = 0;
const CONFLICTS = 1;

/**
 * Reads `<tree> (<path>)* <empty>` and then messages: a number of paths, the paths, a short kind that
 * stays the same between versions of git, and a sentence that does not.
 */
class MergeReading {
  tree: Oid | undefined;
  total = 0;
  /** The first paths, in git's order. */
  readonly #kinds = new Map<string, Set<string>>();
  #read: (field: string) => void = (field) => this.#readTree(field);

  field(field: string): void {
    this.#read(field);
  }

  conflicts(): Comparison['merge']['conflicts'] {
    return [...this.#kinds].map(([path, kinds]) => ({
      path: shownPath(path),
      kinds: [...kinds],
    }));
  }

  #readTree(field: string): void {
    this.tree = parseOid(field) ?? refuse('repository.broken');
    this.#read = (path) => this.#readPath(path);
  }

  #readPath(path: string): void {
    if (path === '') this.#read = (count) => this.#readCount(count);
    else this.#add(path, []);
  }

  #readCount(count: string): void {
    const paths: string[] = [];
    let left = Number(count);
    const kind = (field: string): void => {
      this.#note(paths, field);
      this.#read = () => {
        this.#read = (next) => this.#readCount(next);
      };
    };
    const path = (field: string): void => {
      paths.push(field);
      left -= 1;
      if (left === 0) this.#read = kind;
    };
    this.#read = left > 0 ? path : kind;
  }

  /** `CONFLICT (modify/delete)` is a conflict, `Auto-merging` is none. */
  #note(paths: readonly string[], message: string): void {
    const [, kind] = /^CONFLICT \((.+)\)$/.exec(message) ?? [];
    if (kind === undefined) return;
    for (const path of paths) {
      const kinds = this.#kinds.get(path);
      if (kinds !== undefined) kinds.add(kind);
      // A path that only a message names. Where paths were left out, it may be one of them.
      else if (this.total === this.#kinds.size) this.#add(path, [kind]);
    }
  }

  #add(path: string, kinds: readonly string[]): void {
    this.total += 1;
    if (this.#kinds.size < LIMITS.itemsMax) this.#kinds.set(path, new Set(kinds));
  }
}
