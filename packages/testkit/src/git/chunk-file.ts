import { createHash } from 'node:crypto';

/** `CGPH` (commit-graph) and `MIDX` (multi-pack-index): a head, a table of chunks, the chunks, a checksum. */
const ENTRY_BYTES = 12;
const HEAD_BYTES: Readonly<Record<string, number>> = { CGPH: 8, MIDX: 12 };

/** The offset of a chunk such as `OIDL` in a file that git made of chunks. */
export function chunkOffset(bytes: Buffer, name: string): number {
  const head = HEAD_BYTES[bytes.toString('latin1', 0, 4)];
  if (head === undefined) throw new Error('This file is not made of chunks.');
  const table = bytes.subarray(head, head + ENTRY_BYTES * bytes.readUInt8(6));
  const at = table.indexOf(name, 0, 'latin1');
  if (at === -1) throw new Error(`There is no chunk ${name}.`);
  return Number(table.readBigUInt64BE(at + 4));
}

/** Where in a sorted list of ids, 20 bytes each, this one stands. */
export function idPosition(bytes: Buffer, listOffset: number, id: string): number {
  const wanted = Buffer.from(id, 'hex');
  for (let at = listOffset; at < bytes.length; at += wanted.length)
    if (bytes.subarray(at, at + wanted.length).equals(wanted)) return (at - listOffset) / 20;
  throw new Error(`There is no object ${id}.`);
}

/** Lets two fields of a file change places. */
export function exchange(bytes: Buffer, one: number, other: number, length: number): void {
  const kept = Buffer.from(bytes.subarray(one, one + length));
  bytes.copy(bytes, one, other, other + length);
  kept.copy(bytes, other);
}

/** The same file with a checksum that is right again: it protects against accidents, not against authors. */
export function sealed(bytes: Buffer): Buffer {
  const body = bytes.subarray(0, -20);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}
