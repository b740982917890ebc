import { crc32 } from 'node:zlib';

/** A reference in a table: an object's id, or the name of the reference that it stands for. */
export interface TableRef {
  readonly name: string;
  readonly id?: string;
  readonly target?: string;
}

const HEADER_BYTES = 24;
const BLOCK_BYTES = 4096;

/** The name of the table that holds the changes from `first` to `last`, as git makes it. */
export function tableName(first: number, last: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `0x${hex(first, 12)}-0x${hex(last, 12)}-${hex(last, 8)}.ref`;
}

/**
 * The bytes of a table (reftable, version 1) with these references and no logs, made by hand: a git that
 * writes tables (2.45) need not be there. All has to fit into one block.
 */
export function reftableBytes(refs: readonly TableRef[], index = 1): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('REFT');
  header.writeUInt32BE(0x01000000 + BLOCK_BYTES, 4);
  header.writeBigUInt64BE(BigInt(index), 8);
  header.writeBigUInt64BE(BigInt(index), 16);
  const records = refs
    .map((ref) => ({ ...ref, key: Buffer.from(ref.name) }))
    .toSorted((one, other) => Buffer.compare(one.key, other.key))
    .map((ref) => record(ref.key, ref));
  const restarts = Buffer.from([0, 0, HEADER_BYTES + 4, 0, 1]);
  const rest = Buffer.concat([...records, restarts]);
  const kind = Buffer.alloc(4);
  // The length of the first block counts the header that stands before it.
  kind.writeUInt32BE(HEADER_BYTES + 4 + rest.length);
  kind.write('r');
  // No indexes, no objects, no logs: five positions that are nothing.
  const footer = Buffer.concat([header, Buffer.alloc(40)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(footer));
  return Buffer.concat([header, kind, rest, footer, sum]);
}

/** Nothing is shared with the name before. */
function record(key: Buffer, { id, target = '' }: TableRef): Buffer {
  const kind = id === undefined ? 3 : 1;
  const value =
    id === undefined
      ? Buffer.concat([varint(Buffer.byteLength(target)), Buffer.from(target)])
      : Buffer.from(id, 'hex');
  return Buffer.concat([varint(0), varint(key.length * 8 + kind), key, varint(0), value]);
}

/** As git's `encode_varint`: each further byte stands for one more than its bits say. */
export function varint(value: number): Buffer {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    left -= 1;
    bytes.unshift(128 + (left % 128));
  }
  return Buffer.from(bytes);
}
