import type { Oid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import type { Cache, Objects, Sink } from '../handle.ts';
import type { ObjectInfo } from '../results.ts';
import { isFound } from './answer.ts';
import type { Batch } from './batch.ts';

/**
 * Objects up to this size are remembered: a file is read in windows, and a directory again and again.
 * Larger ones are read by the second process of a repository, so that small ones do not wait for them.
 */
const SMALL_BYTES_MAX = 65_536;
/** What an answer takes in memory besides its bytes. */
const INFO_BYTES = 256;

/** Makes the way to the bytes of objects. */
export function createBytes(
  batch: Batch,
  cache: Cache,
): Pick<Objects, 'info' | 'bytes' | 'stream'> {
  async function info(oid: Oid): Promise<ObjectInfo | undefined> {
    const remembered = cache.get<ObjectInfo>(`info ${oid}`);
    if (remembered !== undefined) return remembered;
    const known = await batch.info(oid);
    if (!isFound(known)) return undefined;
    cache.set(`info ${oid}`, known, INFO_BYTES);
    return known;
  }

  async function small(oid: Oid): Promise<Whole> {
    const remembered = cache.get<Whole>(`bytes ${oid}`);
    if (remembered !== undefined) return remembered;
    const found = await readWhole(batch, oid, { bytesMax: SMALL_BYTES_MAX });
    const { bytes, ...known } = found ?? missing(oid);
    // A piece of the pipe's own memory would keep all of it.
    const whole = { ...known, bytes: Buffer.from(bytes) };
    cache.set(`bytes ${oid}`, whole, bytes.length + INFO_BYTES);
    return whole;
  }

  async function stream(oid: Oid, bytesMax: number, sink: Sink): Promise<ObjectInfo> {
    const found = (await info(oid)) ?? missing(oid);
    if (found.size > bytesMax) return refuse('object.too_large', { detail: oid });
    if (found.size > SMALL_BYTES_MAX) {
      const known = await batch.contents(oid, { bytesMax, large: true }, sink);
      return isFound(known) ? known : missing(oid);
    }
    const { bytes } = await small(oid);
    if (bytes.length > 0) sink(bytes);
    return found;
  }

  return {
    info,
    stream,
    async bytes(oid, bytesMax) {
      const pieces: Buffer[] = [];
      await stream(oid, bytesMax, (piece) => {
        pieces.push(piece);
      });
      return joined(pieces);
    },
  };
}

export interface Whole extends ObjectInfo {
  readonly bytes: Buffer;
}

/** Reads an object into memory. Undefined when the name leads nowhere. */
export async function readWhole(
  batch: Batch,
  name: string,
  how: { readonly bytesMax: number },
): Promise<Whole | undefined> {
  const pieces: Buffer[] = [];
  const known = await batch.contents(name, how, (piece) => {
    pieces.push(piece);
  });
  return isFound(known) ? { ...known, bytes: joined(pieces) } : undefined;
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = pieces;
  return pieces.length <= 1 ? first : Buffer.concat(pieces);
}

export function missing(oid: Oid): never {
  return refuse('object.missing', { detail: oid });
}
