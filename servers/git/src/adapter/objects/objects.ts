import { type Oid, refuse, type Revision } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Cache, Objects, Profile } from '../handle.ts';
import type { Commit, ObjectInfo, ObjectKind } from '../results.ts';
import { isFound, type Known } from './answer.ts';
import type { Batch } from './batch.ts';
import { readCommit } from './commit.ts';
import { shallowOf } from './shallow.ts';
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
  let shallow: Promise<ReadonlySet<string>> | undefined;
  let left: number = LIMITS.commitsBytesMax;

  /** A page of commits is kept in memory, and each one can be as large as an object may be. */
  function spend(bytes: number): void {
    left -= bytes;
    if (left < 0) refuse('object.too_large', { detail: 'the commits of one call together' });
  }

  async function resolve(revision: Revision): Promise<ObjectInfo> {
    const known = await batch.info(bytesOf(revision));
    if (isFound(known)) return known;
    return refuse(known === 'ambiguous' ? 'revision.ambiguous' : 'revision.unknown');
  }

  async function info(oid: Oid): Promise<ObjectInfo | undefined> {
    const known = await batch.info(oid);
    return isFound(known) ? known : undefined;
  }

  async function contents(oid: Oid, bytesMax: number, large: boolean): Promise<Contents> {
    const pieces: Buffer[] = [];
    const known = await batch.contents(oid, { bytesMax, large }, (piece) => {
      pieces.push(piece);
    });
    if (!isFound(known)) return refuse('object.missing', { detail: oid });
    const [first = EMPTY] = pieces;
    return { info: known, bytes: pieces.length <= 1 ? first : Buffer.concat(pieces) };
  }

  async function readAs(kind: ObjectKind, oid: Oid): Promise<Buffer> {
    const { info: found, bytes } = await contents(oid, LIMITS.objectBytesMax, false);
    return found.kind === kind ? bytes : wrongKind(kind, oid);
  }

  async function commitAt(oid: Oid): Promise<Commit> {
    const key = `commit ${oid}`;
    const remembered = cache.get<Commit>(key);
    if (remembered !== undefined) return remembered;
    const bytes = await readAs('commit', oid);
    const read = readCommit(oid, bytes);
    const whole = (await (shallow ??= shallowOf(profile))).has(oid)
      ? { ...read, parents: [] }
      : read;
    cache.set(key, whole, COMMIT_BYTES + 2 * bytes.length);
    return whole;
  }

  return {
    resolve,
    async commitOf(revision) {
      const name = bytesOf(revision);
      const [peeled, plain] = await Promise.all([
        batch.info(`${name}^{commit}`),
        resolve(revision),
      ]);
      return isFound(peeled) ? peeled.oid : refuse('revision.not_a_commit', { detail: plain.kind });
    },
    info,
    async at(treeish, path) {
      const known: Known = await batch.info(`${treeish}:${path}`);
      return isFound(known) ? known : undefined;
    },
    commits: (oids) => Promise.all(oids.map(commitAt)),
    tag: async (oid) => readTag(oid, await readAs('tag', oid)),
    async bytes(oid, bytesMax) {
      const found = (await info(oid)) ?? refuse('object.missing', { detail: oid });
      if (found.size > bytesMax) return refuse('object.too_large', { detail: oid });
      return (await contents(oid, bytesMax, found.size > LARGE_BYTES)).bytes;
    },
  };
}

interface Contents {
  readonly info: ObjectInfo;
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);
/** What a commit takes in memory besides its texts. */
const COMMIT_BYTES = 1024;

/** git reads names as bytes, and ours are UTF-8. */
function bytesOf(revision: Revision): string {
  return Buffer.from(revision, 'utf8').toString('latin1');
}

function wrongKind(kind: ObjectKind, oid: Oid): never {
  const code = kind === 'commit' ? 'revision.not_a_commit' : 'repository.broken';
  return refuse(code, { detail: `${oid} is no ${kind}` });
}
