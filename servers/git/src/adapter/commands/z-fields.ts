import { LIMITS } from '../../policy.ts';
import type { GitCommand, Handle } from '../handle.ts';

/**
 * Takes one field of an output, as a binary string. `cut` says that it was longer than what is kept.
 * `false` ends the reading, and with it the command.
 */
export type Take = (field: string, cut: boolean) => boolean | void;

export interface FieldsRead {
  /** The exit code; no answer when the command was stopped. */
  readonly code: number;
  /** `take` had enough. */
  readonly stopped: boolean;
  /** The output was longer than the command may print, so its end is missing. */
  readonly cut: boolean;
}

export interface Fields extends GitCommand {
  /** The byte behind each field: 0, or 10 for lines. */
  readonly separator: number;
  /** Bytes of one field that are kept; the others are counted away, so no line can fill the memory. */
  readonly fieldBytesMax?: number;
}

export const NUL = 0;
export const LINE_FEED = 10;

/** Runs a command and hands out what it prints, field by field. Its errors are `take`'s and git's. */
export async function readFields(
  handle: Pick<Handle, 'git'>,
  fields: Fields,
  take: Take,
): Promise<FieldsRead> {
  const { separator, fieldBytesMax = LIMITS.fieldBytesMax, ...command } = fields;
  const splitter = splitAt(separator, fieldBytesMax, take);
  let stopped = false;
  const ended = await handle.git(command, (piece) => {
    stopped = !splitter.push(piece);
    return !stopped;
  });
  if (!stopped && !ended.cut) stopped = !splitter.end();
  return { code: ended.code, stopped, cut: ended.cut && !stopped };
}

/** Cuts a stream of bytes into fields. */
export function splitAt(
  separator: number,
  bytesMax: number,
  take: Take,
): {
  /** False when no more is wanted. */
  push(piece: Buffer): boolean;
  /** Hands out what stands behind the last separator. */
  end(): boolean;
} {
  let held = '';
  let cut = false;
  const hold = (piece: Buffer, from: number, to: number): void => {
    const room = bytesMax - held.length;
    held += piece.toString('latin1', from, Math.min(to, from + room));
    cut ||= to - from > room;
  };
  const give = (): boolean => {
    const field = held;
    const wasCut = cut;
    held = '';
    cut = false;
    return take(field, wasCut) !== false;
  };
  return {
    push(piece) {
      let from = 0;
      for (let at = piece.indexOf(separator); at >= 0; at = piece.indexOf(separator, from)) {
        hold(piece, from, at);
        if (!give()) return false;
        from = at + 1;
      }
      hold(piece, from, piece.length);
      return true;
    },
    end: () => held === '' || give(),
  };
}

/** Decodes a binary string as UTF-8. What is none becomes U+FFFD. */
export function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
