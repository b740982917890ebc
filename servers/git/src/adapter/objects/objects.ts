import { type Oid, refuse, type Revision } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, Objects, Profile } from '../handle.ts';
import type { ObjectInfo, ObjectKind } from '../results.ts';
import { isFound, type Known } from './answer.ts';
import type { Batch } from './batch.ts';
import { createCommits } from './commits.ts';
import { readTag } from './tag.ts';

/** Larger objects are read by the second process of a repository, so that small ones do not wait. */
const LARGE_BYTES = 65_536;

export interface ObjectsParts {
  readonly profile: Profile;
  readonly batch: Batch;
  /** Of this repository only. */
  readonly cache: Cache;
}

/** Makes the way to objects of one opened repository in one call. */
export function createObjects({ profile, batch, cache }: ObjectsParts): Objects {
  async function info(oid: Oid): Promise<ObjectInfo | undefined> {
    const known = await batch.info(oid);
    return isFound(known) ? known : undefined;
  }

  /** An object that is read as a whole. Undefined when the name leads nowhere. */
  async function whole(kind: ObjectKind, name: string): Promise<Whole | undefined> {
    const found = await contents(batch, name, { bytesMax: LIMITS.objectBytesMax });
    if (found === undefined || found.kind === kind) return found;
    const code = kind === 'commit' ? 'revision.not_a_commit' : 'repository.broken';
    return refuse(code, { detail: `${found.oid} is no ${kind}` });
  }

  return {
    resolve: async (revision) => foundOr(await batch.info(bytesOf(revision))),
    info,
    ...createCommits({ profile, cache, read: (name) => whole('commit', name) }),

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
      const found = (await whole('tag', oid)) ?? missing(oid);
      return readTag(oid, found.bytes);
    },

    async bytes(oid, bytesMax) {
      const { size } = (await info(oid)) ?? missing(oid);
      if (size > bytesMax) return refuse('object.too_large', { detail: oid });
      const found = await contents(batch, oid, { bytesMax, large: size > LARGE_BYTES });
      return (found ?? missing(oid)).bytes;
    },
  };
}

interface Whole extends ObjectInfo {
  readonly bytes: Buffer;
}

async function contents(
  batch: Batch,
  name: string,
  how: { readonly bytesMax: number; readonly large?: boolean },
): Promise<Whole | undefined> {
  const pieces: Buffer[] = [];
  const known = await batch.contents(name, how, (piece) => {
    pieces.push(piece);
  });
  if (!isFound(known)) return undefined;
  const [first = Buffer.alloc(0)] = pieces;
  return { ...known, bytes: pieces.length <= 1 ? first : Buffer.concat(pieces) };
}

/** git reads names as bytes, and ours are UTF-8. */
function bytesOf(revision: Revision): string {
  return Buffer.from(revision, 'utf8').toString('latin1');
}

function foundOr(known: Known): ObjectInfo {
  if (isFound(known)) return known;
  return refuse(known === 'ambiguous' ? 'revision.ambiguous' : 'revision.unknown');
}

function missing(oid: Oid): never {
  return refuse('object.missing', { detail: oid });
}
