import type { Oid } from '../../guard/index.ts';
import type { DatedCommit, Objects } from '../handle.ts';
import type { Commit } from '../results.ts';

/** Which commits of a plain walk are given out. */
export interface WalkQuery {
  readonly from: Oid;
  readonly firstParent: boolean;
  readonly noMerges: boolean;
  readonly skip: number;
  readonly limit: number;
}

/** Steps along the first parents that are asked for at once; git counts each one from the beginning. */
const CHAIN_MAX = 64;
/** The same on a side branch, which can end soon. */
const SIDE_CHAIN = 8;
/** Side branches that are looked up together. */
const SIDES_MAX = 16;
/** Branches at one time; above it git's own walk is the better one. */
const OPEN_MAX = 1000;

/**
 * Walks a history in exactly the order of `git log`: newest first by the committer's date, and of two
 * with the same date the one that was met first. It does so on the long-lived process, which spares the
 * start of a command.
 *
 * @returns one commit more than `limit`, if there is one. Undefined when the history is so odd that
 *   only git itself can say what its order is.
 */
export async function walk(objects: Objects, query: WalkQuery): Promise<Commit[] | undefined> {
  const history = new History(objects, query);
  const open = new OpenCommits();
  const shown: Commit[] = [];
  let { skip } = query;
  if (!open.add(await history.get(query.from))) return undefined;
  for (let next = open.take(); next !== undefined; next = open.take()) {
    const counts = !query.noMerges || next.parents.length <= 1;
    if (counts && skip > 0) skip -= 1;
    else if (counts) shown.push(next);
    if (shown.length > query.limit) break;
    // The order of what follows depends on the parents of this one.
    // oxlint-disable-next-line no-await-in-loop
    if (!(await history.open(next, open))) return undefined;
  }
  return shown;
}

/** Commits that are next, by their dates. */
class OpenCommits {
  readonly #commits: { readonly commit: Commit; readonly date: number }[] = [];

  /** False for a commit that has no place among the others. */
  add({ commit, date }: DatedCommit): boolean {
    if (date === undefined || this.#commits.length >= OPEN_MAX) return false;
    let low = 0;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#commits[middle]?.date ?? 0) >= date) low = middle + 1;
      else high = middle;
    }
    this.#commits.splice(low, 0, { commit, date });
    return true;
  }

  take(): Commit | undefined {
    return this.#commits.shift()?.commit;
  }
}

/** Commits as they are needed, read ahead along their first parents. */
class History {
  readonly #objects: Objects;
  readonly #firstParent: boolean;
  readonly #loaded = new Map<Oid, DatedCommit>();
  /** Parents of loaded commits, which will be needed soon. */
  readonly #ahead = new Set<Oid>();
  readonly #seen = new Set<Oid>();
  readonly #length: number;

  constructor(objects: Objects, { from, firstParent, skip, limit }: WalkQuery) {
    this.#objects = objects;
    this.#firstParent = firstParent;
    this.#length = Math.min(CHAIN_MAX, skip + limit + 1);
    this.#seen.add(from);
  }

  async get(oid: Oid): Promise<DatedCommit> {
    const loaded = this.#loaded.get(oid);
    if (loaded !== undefined) return loaded;
    const sides = [...this.#ahead].filter((side) => side !== oid).slice(0, SIDES_MAX);
    for (const side of sides) this.#ahead.delete(side);
    const chains = await Promise.all([
      this.#objects.chain(oid, sides.length === 0 ? this.#length : SIDE_CHAIN),
      // What cannot be read ahead is asked for again when it is needed, and refused then.
      ...sides.map((side) => this.#objects.chain(side, SIDE_CHAIN).catch(() => [])),
    ]);
    for (const dated of chains.flat()) this.#load(dated);
    const found = this.#loaded.get(oid);
    if (found !== undefined) return found;
    // Nothing is there: this says so.
    await this.#objects.commit(oid);
    throw new Error('A commit is there and leads nowhere.');
  }

  /** Lets the parents of a commit take their places. */
  async open({ parents }: Commit, open: OpenCommits): Promise<boolean> {
    for (const parent of this.#firstParent ? parents.slice(0, 1) : parents) {
      if (this.#seen.has(parent)) continue;
      this.#seen.add(parent);
      // Parents take their places in their order, and most of them were read ahead.
      // oxlint-disable-next-line no-await-in-loop
      if (!open.add(await this.get(parent))) return false;
    }
    return true;
  }

  #load(dated: DatedCommit): void {
    const { oid, parents } = dated.commit;
    this.#loaded.set(oid, dated);
    this.#ahead.delete(oid);
    for (const parent of this.#firstParent ? parents.slice(0, 1) : parents) {
      if (!this.#loaded.has(parent)) this.#ahead.add(parent);
    }
  }
}
