import type { Oid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, DatedCommit, Objects, Profile } from '../handle.ts';
import { readCommit } from './commit.ts';
import { shallowOf } from './shallow.ts';

export interface CommitsParts {
  readonly profile: Profile;
  readonly cache: Cache;
  /** What a name leads to, which has to be a commit; undefined when it leads nowhere. */
  read(name: string): Promise<{ readonly oid: Oid; readonly bytes: Buffer } | undefined>;
}

/**
 * Reads the commits of one call. Refuses `object.too_large` when they are together larger than
 * `LIMITS.commitsBytesMax`: a page of them is kept in memory, and each can be as large as an object.
 */
export function createCommits(parts: CommitsParts): Pick<Objects, 'commits' | 'chain'> {
  const { profile, cache } = parts;
  let shallow: ReadonlySet<string> | undefined;
  let left: number = LIMITS.commitsBytesMax;

  async function read(name: string): Promise<DatedCommit | undefined> {
    const found = await parts.read(name);
    if (found === undefined) return undefined;
    const { oid, bytes } = found;
    left -= bytes.length;
    if (left < 0) refuse('object.too_large', { detail: 'the commits of one call together' });
    const dated = readCommit(oid, bytes);
    cache.set(keyOf(oid), dated, COMMIT_BYTES + 2 * bytes.length);
    return asSeen(dated);
  }

  /** A commit with the parents that git sees. */
  function asSeen(dated: DatedCommit): DatedCommit {
    shallow ??= shallowOf(profile, cache);
    const { commit } = dated;
    return shallow.has(commit.oid) ? { ...dated, commit: { ...commit, parents: [] } } : dated;
  }

  function recall(oid: Oid): DatedCommit | undefined {
    const dated = cache.get<DatedCommit>(keyOf(oid));
    return dated && asSeen(dated);
  }

  async function one(oid: Oid): Promise<DatedCommit['commit']> {
    const found = recall(oid) ?? (await read(oid));
    return (found ?? refuse('object.missing', { detail: oid })).commit;
  }

  /** As far as the commits are remembered. */
  function remembered(from: Oid, count: number): DatedCommit[] {
    const chain: DatedCommit[] = [];
    for (let next: Oid | undefined = from; next !== undefined && chain.length < count;) {
      const found: DatedCommit | undefined = recall(next);
      if (found === undefined) break;
      chain.push(found);
      [next] = found.commit.parents;
    }
    return chain;
  }

  return {
    commits: (oids) => Promise.all(oids.map(one)),
    async chain(from, count) {
      const known = remembered(from, count);
      const last = known.at(-1);
      const next = last === undefined ? from : last.commit.parents[0];
      if (next === undefined || known.length === count) return known;
      // git counts the steps itself, so all of them are asked for at once.
      const names = Array.from({ length: count - known.length }, (_, step) => `${next}~${step}`);
      const found = await Promise.all(names.map(read));
      return [...known, ...found.filter((dated) => dated !== undefined)];
    },
  };
}

/** What a commit takes in memory besides its texts. */
const COMMIT_BYTES = 1024;

function keyOf(oid: Oid): string {
  return `commit ${oid}`;
}
