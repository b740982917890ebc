import type { Oid } from '../../guard/oid.ts';
import { Refusal } from '@secure-mcp/validation';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, DatedCommit, Objects, Profile } from '../handle.ts';
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
 * Reads the commits of one call. Refuses `repository.too_large` when what is kept of them is together
 * more than `LIMITS.commitsBytesMax`.
 */
export function createCommits(parts: CommitsParts): Pick<Objects, 'commit' | 'commits' | 'chain'> {
  const { profile, cache } = parts;
  let shallow: ReadonlySet<string> | undefined;
  let left: number = LIMITS.commitsBytesMax;

  async function read(name: string): Promise<DatedCommit | undefined> {
    const found = await parts.read(name);
    if (found === undefined) return undefined;
    const { oid, bytes } = found;
    const keptBytes = Math.min(bytes.length, LIMITS.messageKeptBytesMax);
    left -= keptBytes;
    if (left < 0) refuse('repository.too_large', { detail: 'the commits of one call together' });
    const dated = readCommit(oid, bytes);
    cache.set(keyOf(oid), dated, COMMIT_BYTES + 2 * keptBytes);
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

  async function one(oid: Oid): Promise<Commit> {
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
    commit: one,
    commits: (oids) =>
      Promise.all(oids.map((oid) => one(oid).catch((error) => namedOnly(oid, error)))),
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

/** In a list, a commit that cannot be read must not take the others with it. */
function namedOnly(oid: Oid, error: unknown): Commit {
  const why = error instanceof Refusal ? UNREADABLE.get(error.code) : undefined;
  if (why === undefined) throw error;
  return { ...NOTHING, oid, tree: oid, unreadable: why };
}

const UNREADABLE: ReadonlyMap<string, NonNullable<Commit['unreadable']>> = new Map([
  ['object.too_large', 'too large'],
  ['repository.broken', 'broken'],
]);

const NOBODY = { name: '', email: '', at: undefined, seconds: 0 };
const NOTHING = {
  parents: [],
  author: NOBODY,
  committer: NOBODY,
  subject: '',
  body: '',
  isCut: false,
  signed: false,
};

/** What a commit takes in memory besides its texts. */
const COMMIT_BYTES = 1024;

function keyOf(oid: Oid): string {
  return `commit ${oid}`;
}
