import { createHash } from 'node:crypto';

/** An entry of a crafted index. Nothing stops its path from leading out of the work tree. */
export interface IndexEntry {
  readonly path: string;
  readonly id: string;
  /** Octal, `0o100644` when not given. */
  readonly mode?: number;
}

const FIXED_BYTES = 62;

/** The bytes of an index (version 2) with these entries in the order of their paths. */
export function indexBytes(entries: readonly IndexEntry[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(entries.length, 8);
  const ordered = entries
    .map((entry) => ({ ...entry, name: Buffer.from(entry.path) }))
    .toSorted((one, other) => Buffer.compare(one.name, other.name));
  const body = Buffer.concat([head, ...ordered.map((entry) => entryBytes(entry))]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** All times and sizes are zero: the entry looks stale, and git opens the file that it names. */
function entryBytes({ name, id, mode = 0o100644 }: IndexEntry & { name: Buffer }): Buffer {
  const padding = 8 - ((FIXED_BYTES + name.length) % 8);
  const bytes = Buffer.alloc(FIXED_BYTES + name.length + padding);
  bytes.writeUInt32BE(mode, 24);
  bytes.write(id, 40, 'hex');
  bytes.writeUInt16BE(Math.min(name.length, 0xfff), 60);
  name.copy(bytes, FIXED_BYTES);
  return bytes;
}
