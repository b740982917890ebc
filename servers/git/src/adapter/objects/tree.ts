import { type Oid, parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { EntryKind } from '../results.ts';

/** One line of a tree. */
export interface RawEntry {
  /** As a byte string. It is a name without any separator only as far as its maker wanted that. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly oid: Oid;
}

/**
 * Reads a tree from its bytes, entry by entry, so that a reader of some entries does not pay for all.
 * Refuses `repository.broken` where the bytes are no entry. A name above `LIMITS.pathBytesMax` is no
 * name of a file: git lets it be as long as the tree, and one tree can be named by thousands of others.
 *
 * @param idBytes 20, or 32 in a sha256 repository
 */
export function* readTree(object: Buffer, idBytes: number): Generator<RawEntry | 'too long'> {
  for (const place of places(object, idBytes)) {
    yield place.to - place.from > LIMITS.pathBytesMax
      ? 'too long'
      : entryAt(object, idBytes, place);
  }
}

/** Finds one entry by its name, without making anything of the others. */
export function findInTree(object: Buffer, idBytes: number, wanted: string): RawEntry | undefined {
  const name = Buffer.from(wanted, 'latin1');
  for (const place of places(object, idBytes)) {
    if (name.equals(object.subarray(place.from, place.to))) return entryAt(object, idBytes, place);
  }
  return undefined;
}

interface Place {
  readonly mode: number;
  /** Where the name begins and ends; a NUL and the id follow. */
  readonly from: number;
  readonly to: number;
}

function entryAt(object: Buffer, idBytes: number, { mode, from, to }: Place): RawEntry {
  const name = object.toString('latin1', from, to);
  return { name, kind: kindOf(mode), oid: oidAt(object, to + 1, idBytes) };
}

function* places(object: Buffer, idBytes: number): Generator<Place> {
  for (let at = 0; at < object.length;) {
    const space = object.indexOf(SPACE, at);
    const nul = object.indexOf(0, space);
    const id = nul + 1;
    if (space === -1 || nul - space < 2 || id + idBytes > object.length) broken();
    yield { mode: modeIn(object, at, space), from: space + 1, to: nul };
    at = id + idBytes;
  }
}

const SPACE = 0x20;
const ZERO = 0x30;
const MODE_DIGITS_MAX = 7;

function modeIn(object: Buffer, from: number, to: number): number {
  if (to === from || to - from > MODE_DIGITS_MAX) broken();
  let mode = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (object[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 7) broken();
    mode = mode * 8 + digit;
  }
  return mode;
}

const TYPE_BITS = 0o170_000;
const OWNER_EXECUTES = 0o100;

/** git knows these five only, and takes any other mode for one of them. */
function kindOf(mode: number): EntryKind {
  switch (mode & TYPE_BITS) {
    case 0o100_000:
      return (mode & OWNER_EXECUTES) === 0 ? 'file' : 'executable';
    case 0o120_000:
      return 'symlink';
    case 0o040_000:
      return 'directory';
    default:
      return 'submodule';
  }
}

function oidAt(object: Buffer, from: number, bytes: number): Oid {
  return parseOid(object.toString('hex', from, from + bytes)) ?? broken();
}

function broken(): never {
  return refuse('repository.broken', { detail: 'a tree is not well formed' });
}
