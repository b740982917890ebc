import { LIMITS } from '../../policy.ts';
import { isRefFormat } from '../ref-format.ts';

/** Looks at `packed-refs` in pieces: a large repository has tens of megabytes of it. */
interface PackedRefsCheck {
  /** Takes the next piece, as a binary string. False as soon as a line is not in order. */
  feed(piece: string): boolean;
  /** The end of the file. False when a line is not in order, or has no end. */
  end(): boolean;
  readonly facts: PackedRefsFacts;
}

export interface PackedRefsFacts {
  readonly refs: number;
  /** There are refs that would show another object than the one asked for. */
  readonly replaces: boolean;
}

/**
 * The longest name of a ref that git's own files take, with what stands before it. A list of refs shows
 * hundreds of names, and what is no UTF-8 four times as long.
 */
const LINE_BYTES_MAX = LIMITS.refBytesMax + 66;

const REF = /^(?:[0-9a-f]{40}|[0-9a-f]{64}) (refs\/.+)$/;
const PEELED = /^\^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const HEADER = /^# pack-refs with:[a-z -]*$/;

/**
 * Makes the check of one file. git prints a line that it cannot read, and the file can be a link to
 * another one, so every line has to be one of the three that git writes.
 */
export function createPackedRefsCheck(): PackedRefsCheck {
  let [refs, replaces] = [0, false];
  let carry = '';
  let [lines, mayPeel, inOrder] = [0, false, true];

  const take = (line: string): boolean => {
    if (line.length > LINE_BYTES_MAX) return false;
    lines += 1;
    if (line.startsWith('#')) return lines === 1 && HEADER.test(line);
    if (line.startsWith('^')) {
      // Only directly behind the ref that it belongs to.
      const isPeeled = mayPeel && PEELED.test(line);
      mayPeel = false;
      return isPeeled;
    }
    const [, name] = REF.exec(line) ?? [];
    if (name === undefined || !isRefFormat(name)) return false;
    [refs, mayPeel] = [refs + 1, true];
    replaces ||= name.startsWith('refs/replace/');
    return true;
  };

  return {
    feed(piece) {
      if (!inOrder) return false;
      const parts = (carry + piece).split('\n');
      carry = parts.pop() ?? '';
      inOrder = parts.every(take) && carry.length <= LINE_BYTES_MAX;
      return inOrder;
    },
    end: () => inOrder && carry === '',
    get facts() {
      return { refs, replaces };
    },
  };
}
