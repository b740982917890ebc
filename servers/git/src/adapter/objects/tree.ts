import { type Oid, parseOid } from '../../guard/oid.ts';
import { refuse } from '../../guard/refusals.ts';
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
 * Refuses `repository.broken` where the bytes are no entry.
 *
 * @param idBytes 20, or 32 in a sha256 repository
 */
export function* readTree(object: Buffer, idBytes: number): Generator<RawEntry> {
  for (let at = 0; at < object.length;) {
    const nul = object.indexOf(0, at);
    const end = nul + 1 + idBytes;
    const [, mode = '', name = ''] =
      ENTRY.exec(object.toString('latin1', at, Math.max(nul, at))) ?? [];
    const oid = parseOid(object.toString('hex', nul + 1, end));
    if (name === '' || oid === undefined || end > object.length) {
      return refuse('repository.broken', { detail: 'a tree is not well formed' });
    }
    yield { name, kind: kindOf(Number.parseInt(mode, 8)), oid };
    at = end;
  }
}

const ENTRY = /^([0-7]{1,7}) ([^]+)$/;

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
