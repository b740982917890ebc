import { closeSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';

import type { Pace } from './plain-tree.ts';

/** What stands behind the entries of an index. */
export interface IndexTail {
  /** The id of the file that it builds on, `sharedindex.<id>`; undefined for one that stands by itself. */
  readonly shared: string | undefined;
}

/**
 * Takes two things that an index remembers of the work tree out of our copy: which files nobody touched
 * (`FSMN`), and which directories hold what untracked files (`UNTR`). git believes both. A crafted memory
 * of directories has git list names out of others, by `..`.
 *
 * They are renamed in place to what every git ignores. git makes its own memory in the copy, later.
 *
 * And has git not look at the work trees of submodules: `<path>/.git` may name any repository of the
 * machine, or hold a ref that is a link to any file, and git would read a commit's name there and show it.
 * Undefined for an index that is malformed.
 */
export async function maskMemories(
  path: string,
  format: 'sha1' | 'sha256',
  pace: Pace,
): Promise<IndexTail | undefined> {
  const fd = openSync(path, 'r+');
  try {
    const hashBytes = format === 'sha1' ? 20 : 32;
    const { size, atime, mtime } = fstatSync(fd);
    const window = createWindow(fd, size - hashBytes);
    if (!(await skipEntries(window, hashBytes, pace))) return undefined;
    const tail = maskExtensions(window, fd, hashBytes);
    // Its time says which files of the work tree may have changed unseen (private-index.ts).
    futimesSync(fd, atime, mtime);
    return tail;
  } finally {
    closeSync(fd);
  }
}

const MASKED: Readonly<Record<string, string>> = { UNTR: 'XNTR', FSMN: 'XSMN' };

function maskExtensions(window: Window, fd: number, hashBytes: number): IndexTail | undefined {
  const links: string[] = [];
  while (window.left() > 0) {
    const head = window.peek(8);
    if (head === undefined) return undefined;
    const signature = head.toString('latin1', 0, 4);
    const length = head.readUInt32BE(4);
    const masked = MASKED[signature];
    if (masked !== undefined) writeSync(fd, Buffer.from(masked, 'latin1'), 0, 4, window.position());
    if (signature === 'link') {
      const id = window.peek(8 + hashBytes)?.toString('hex', 8);
      if (id === undefined || length < hashBytes) return undefined;
      links.push(id);
    }
    if (!window.skip(8 + length)) return undefined;
  }
  // git would go by the last one.
  return links.length > 1 ? undefined : { shared: links.find((id) => !/^0+$/.test(id)) };
}

/** Times, device and inode, mode, owner, size: 40 bytes stand before an entry's object id. */
const STAT_BYTES = 40;
const NAME_MASK = 0x0fff;
const EXTENDED = 0x4000;
/** "Assume that it is unchanged": git does not look at the work tree for such an entry. */
const ASSUMED = 0x8000;
/** Where an entry's mode stands, the part of it that tells the kind, and that of a submodule. */
const MODE_AT = 24;
const KIND = 0o170000;
const GITLINK = 0o160000;
/** git's own bound on a path, with room. */
const NAME_BYTES_MAX = 65_536;

/** Goes over the entries exactly as git does, to where the extensions begin. */
async function skipEntries(window: Window, hashBytes: number, pace: Pace): Promise<boolean> {
  const head = window.peek(12);
  if (head?.toString('latin1', 0, 4) !== 'DIRC') return false;
  const version = head.readUInt32BE(4);
  if (version < 2 || version > 4) return false;
  window.skip(12);
  const state = { nameBytes: 0 };
  for (let left = head.readUInt32BE(8); left > 0; left -= 1) {
    if (!skipEntry(window, hashBytes, version, state)) return false;
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other, by intent
    if (left % 4096 === 0) await pace.rest();
  }
  return true;
}

function skipEntry(
  window: Window,
  hashBytes: number,
  version: number,
  previous: { nameBytes: number },
): boolean {
  const fixed = STAT_BYTES + hashBytes + 2;
  const entry = window.peek(fixed);
  if (entry === undefined) return false;
  const flags = entry.readUInt16BE(fixed - 2);
  if ((entry.readUInt32BE(MODE_AT) & KIND) === GITLINK) window.put(fixed - 2, flags | ASSUMED);
  const start = (flags & EXTENDED) === 0 ? fixed : fixed + 2;
  const said = flags & NAME_MASK;
  if (version < 4) {
    const length = window.lengthOfName(start);
    return isLength(said, length) && window.skip((start + length + 8) & ~7);
  }
  const strip = window.varint(start);
  return strip !== undefined && skipShared(window, said, strip, previous);
}

/** Version 4 writes of a name only what differs from the end of the one before. */
function skipShared(
  window: Window,
  said: number,
  strip: { readonly value: number; readonly end: number },
  previous: { nameBytes: number },
): boolean {
  const shared = previous.nameBytes - strip.value;
  const rest = window.lengthOfName(strip.end);
  if (shared < 0 || rest === undefined || !isLength(said, shared + rest)) return false;
  previous.nameBytes = shared + rest;
  return window.skip(strip.end + rest + 1);
}

/**
 * True when a name ends where its entry says. git believes the number, or the NUL where the number is too
 * small for the name, and prints up to the NUL: a name with a NUL in it, or without one behind it, is
 * listed as one path and becomes another one when git writes the index again.
 */
function isLength(said: number, length: number | undefined): length is number {
  return length !== undefined && said === Math.min(length, NAME_MASK);
}

/** A file that is read forward through one buffer, however large it is. */
interface Window {
  /** The next bytes; undefined when the file has not that many. */
  peek(length: number): Buffer | undefined;
  /** Writes two bytes into the file, at an offset. */
  put(offset: number, value: number): void;
  skip(length: number): boolean;
  left(): number;
  position(): number;
  /** Bytes from an offset up to the next NUL. */
  lengthOfName(offset: number): number | undefined;
  /** A number in the encoding of packs' offsets, at an offset, and where it ends. */
  varint(offset: number): { readonly value: number; readonly end: number } | undefined;
}

function createWindow(fd: number, size: number): Window {
  const buffer = Buffer.allocUnsafe(4 * NAME_BYTES_MAX);
  let [from, filled, position] = [0, 0, 0];
  const peek = (length: number): Buffer | undefined => {
    if (length > buffer.length || position + length > size) return undefined;
    if (position + length > from + filled) {
      [from, filled] = [position, 0];
      const wanted = Math.min(buffer.length, size - from);
      while (filled < wanted) {
        const read = readSync(fd, buffer, filled, wanted - filled, from + filled);
        if (read === 0) return undefined;
        filled += read;
      }
    }
    return buffer.subarray(position - from, position - from + length);
  };
  return {
    peek,
    put(offset, value) {
      writeSync(fd, Buffer.from([value >> 8, value & 0xff]), 0, 2, position + offset);
    },
    skip(length) {
      position += length;
      return position <= size;
    },
    left: () => size - position,
    position: () => position,
    lengthOfName(offset) {
      const most = Math.min(offset + NAME_BYTES_MAX, size - position);
      const end = peek(most)?.indexOf(0, offset) ?? -1;
      return end < 0 ? undefined : end - offset;
    },
    varint(offset) {
      const bytes = peek(Math.min(offset + 8, size - position));
      return bytes === undefined ? undefined : varintAt(bytes, offset);
    },
  };
}

/** As git's `decode_varint`: each further byte stands for one more than its bits say. */
function varintAt(
  bytes: Buffer,
  offset: number,
): { readonly value: number; readonly end: number } | undefined {
  let byte = bytes[offset];
  let value = (byte ?? 0) & 0x7f;
  for (let at = offset; byte !== undefined; byte = bytes[(at += 1)]) {
    if (at > offset) value = (value + 1) * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) return { value, end: at + 1 };
  }
  return undefined;
}
