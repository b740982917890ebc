import { refuse, type Revision } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, Objects, Profile } from '../handle.ts';
import type { ObjectInfo, ObjectKind } from '../results.ts';
import { isFound, type Known } from './answer.ts';
import type { Batch } from './batch.ts';
import { createBytes, missing, readWhole, type Whole } from './bytes.ts';
import { createCommits } from './commits.ts';
import { readTag } from './tag.ts';

export interface ObjectsParts {
  readonly profile: Profile;
  readonly batch: Batch;
  /** Of this repository only. */
  readonly cache: Cache;
}

/** Objects, of which two trees can be compared without a command. */
export type ComparedObjects = Objects & Pick<Batch, 'compare'>;

/** What is known as objects only was made below, or reads no repository. */
export function canCompare(objects: Objects): objects is ComparedObjects {
  return 'compare' in objects;
}

/** Makes the way to objects of one opened repository in one call. */
export function createObjects({ profile, batch, cache }: ObjectsParts): ComparedObjects {
  /** An object that is read as a whole. Undefined when the name leads nowhere. */
  async function wholeAs(kind: ObjectKind, name: string): Promise<Whole | undefined> {
    const found = await readWhole(batch, name, { bytesMax: LIMITS.messageBytesMax });
    if (found === undefined || found.kind === kind) return found;
    const code = kind === 'commit' ? 'revision.not_a_commit' : 'repository.broken';
    return refuse(code, { detail: `${found.oid} is no ${kind}` });
  }

  return {
    resolve: async (revision) => foundOr(await batch.info(bytesOf(revision))),
    compare: (trees, options, sink) => batch.compare(trees, options, sink),
    ...createBytes(batch, cache),
    ...createCommits({ profile, cache, read: (name) => wholeAs('commit', name) }),

    async commitOf(revision) {
      const name = bytesOf(revision);
      const [peeled, plain] = await Promise.all([batch.info(`${name}^{commit}`), batch.info(name)]);
      // The beginning of an id can be that of several objects, of which one is a commit.
      if (isFound(peeled)) return peeled.oid;
      return refuse('revision.not_a_commit', { detail: foundOr(plain).kind });
    },

    async at(treeish, path) {
      const known = await batch.info(`${treeish}:${path}`);
      return isFound(known) ? known : undefined;
    },

    async tag(oid) {
      const found = (await wholeAs('tag', oid)) ?? missing(oid);
      return readTag(oid, found.bytes);
    },
  };
}

/** git reads names as bytes, and ours are UTF-8. */
function bytesOf(revision: Revision): string {
  return Buffer.from(revision, 'utf8').toString('latin1');
}

function foundOr(known: Known): ObjectInfo {
  if (isFound(known)) return known;
  return refuse(known === 'ambiguous' ? 'revision.ambiguous' : 'revision.unknown');
}
