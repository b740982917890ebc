import type { Oid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, Objects, Profile } from '../handle.ts';
import type { Commit } from '../results.ts';
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
  let shallow: Promise<ReadonlySet<string>> | undefined;
  let left: number = LIMITS.commitsBytesMax;

  async function read(name: string): Promise<Commit | undefined> {
    const found = await parts.read(name);
    if (found === undefined) return undefined;
    const { oid, bytes } = found;
    left -= bytes.length;
    if (left < 0) refuse('object.too_large', { detail: 'the commits of one call together' });
    const commit = readCommit(oid, bytes);
    const isLast = (await (shallow ??= shallowOf(profile))).has(oid);
    const whole = isLast ? { ...commit, parents: [] } : commit;
    cache.set(keyOf(oid), whole, COMMIT_BYTES + 2 * bytes.length);
    return whole;
  }

  async function one(oid: Oid): Promise<Commit> {
    const commit = cache.get<Commit>(keyOf(oid)) ?? (await read(oid));
    return commit ?? refuse('object.missing', { detail: oid });
  }

  /** As far as the commits are remembered. */
  function remembered(from: Oid, count: number): Commit[] {
    const chain: Commit[] = [];
    for (let next: Oid | undefined = from; next !== undefined && chain.length < count;) {
      const commit: Commit | undefined = cache.get<Commit>(keyOf(next));
      if (commit === undefined) break;
      chain.push(commit);
      [next] = commit.parents;
    }
    return chain;
  }

  return {
    commits: (oids) => Promise.all(oids.map(one)),
    async chain(from, count) {
      const known = remembered(from, count);
      const last = known.at(-1);
      const next = last === undefined ? from : last.parents[0];
      if (next === undefined || known.length === count) return known;
      // git counts the steps itself, so all of them are asked for at once.
      const names = Array.from({ length: count - known.length }, (_, step) => `${next}~${step}`);
      const found = await Promise.all(names.map(read));
      const end = found.indexOf(undefined);
      return [...known, ...found.slice(0, end === -1 ? found.length : end)].filter(isCommit);
    },
  };
}

/** What a commit takes in memory besides its texts. */
const COMMIT_BYTES = 1024;

function keyOf(oid: Oid): string {
  return `commit ${oid}`;
}

function isCommit(commit: Commit | undefined): commit is Commit {
  return commit !== undefined;
}
