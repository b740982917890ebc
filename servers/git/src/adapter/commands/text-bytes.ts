/** Bytes of a file as UTF-8, if it is a text. */
export interface TextBytes {
  /** False as soon as it is known to be no text. */
  push(piece: Buffer): boolean;
  /** True for a text. */
  end(): boolean;
  /** Something of UTF-16 was no character, and was replaced. */
  readonly lossy: boolean;
}

/** Bytes that git looks at to tell a binary file. */
export const SNIFF_BYTES = 8000;

/**
 * Hands the bytes of a text on as UTF-8, without a byte order mark.
 *
 * A file is binary when one of its first bytes is NUL, as for git. One that begins with the mark of
 * UTF-16 is a text all the same: editors on Windows write such files, and nobody could read them here.
 */
export function createTextBytes(take: (piece: Buffer) => void): TextBytes {
  let head: Buffer | undefined = Buffer.alloc(0);
  let pass: ((piece: Buffer) => void) | undefined;
  let lossy = false;

  /** Judges the beginning, once enough of it is there. */
  function judge(start: Buffer): boolean {
    head = undefined;
    const label = encodingOf(start);
    if (label !== undefined) {
      const decoder = new TextDecoder(label);
      pass = (piece) => {
        const text = decoder.decode(piece, { stream: true });
        lossy ||= text.includes('\uFFFD');
        take(Buffer.from(text));
      };
    } else if (!start.subarray(0, SNIFF_BYTES).includes(0)) {
      pass = take;
    }
    pass?.(hasUtf8Mark(start) ? start.subarray(3) : start);
    return pass !== undefined;
  }

  return {
    push(piece) {
      if (head === undefined) {
        pass?.(piece);
        return pass !== undefined;
      }
      head = head.length === 0 ? piece : Buffer.concat([head, piece]);
      return head.length < SNIFF_BYTES || judge(head);
    },
    get lossy() {
      return lossy;
    },
    end: () => (head === undefined ? pass !== undefined : judge(head)),
  };
}

function encodingOf(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

function hasUtf8Mark(start: Buffer): boolean {
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
}
