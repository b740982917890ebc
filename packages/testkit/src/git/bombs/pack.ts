import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

import { put } from '../files.ts';

/** What stands in a pack under an id: whole, or as a change of what stands before it. */
export interface PackedObject {
  readonly id: string;
  readonly kind: keyof typeof KINDS;
  /** The content of an object, or the instructions of a delta; the latter refers to the entry before. */
  readonly content: Buffer;
}

const KINDS = { commit: 1, tree: 2, blob: 3, delta: 6 };

/** Writes a pack and its index by hand: git's own tools would unpack what must never be unpacked. */
export function writePack(gitDirectory: string, objects: readonly PackedObject[]): void {
  const parts: Buffer[] = [packHead(objects.length)];
  const offsets: number[] = [];
  let at = 12;
  for (const { kind, content } of objects) {
    const base = at - (offsets.at(-1) ?? 0);
    const distance = kind === 'delta' ? distanceBytes(base) : Buffer.alloc(0);
    const part = Buffer.concat([
      sizeBytes(KINDS[kind], content.length),
      distance,
      deflateSync(content),
    ]);
    parts.push(part);
    offsets.push(at);
    at += part.length;
  }
  const body = Buffer.concat(parts);
  const trailer = createHash('sha1').update(body).digest();
  const entries = objects.map(({ id }, index) => ({
    id,
    offset: offsets[index] ?? 0,
    crc: crc32(parts[index + 1] ?? Buffer.alloc(0)),
  }));
  const name = `objects/pack/pack-${trailer.toString('hex')}`;
  put(gitDirectory, `${name}.idx`, indexOf(entries, trailer));
  put(gitDirectory, `${name}.pack`, Buffer.concat([body, trailer]));
}

/** A delta (gitformat-pack) whose result is its base, so many times. */
export function repeatingDelta(baseLength: number, times: number): Buffer {
  // Copy, from offset 0, three bytes of length.
  const copy = Buffer.from([0xf0, baseLength & 0xff, (baseLength >> 8) & 0xff, baseLength >> 16]);
  const head = [variable(baseLength), variable(baseLength * times)];
  return Buffer.concat([...head, ...Array.from({ length: times }, () => copy)]);
}

function packHead(count: number): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(count, 8);
  return head;
}

/** Kind and length: four bits of it, then seven at a time. */
function sizeBytes(kind: number, length: number): Buffer {
  const rest = Math.floor(length / 16);
  const first = (kind << 4) | (length % 16);
  return rest === 0
    ? Buffer.from([first])
    : Buffer.concat([Buffer.from([first | 0x80]), variable(rest)]);
}

/** Seven bits at a time, the lowest first. */
function variable(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** Seven bits at a time, the highest first, each step one less: no distance has two spellings. */
function distanceBytes(distance: number): Buffer {
  const bytes = [distance % 128];
  let rest = Math.floor(distance / 128);
  while (rest > 0) {
    rest -= 1;
    bytes.unshift((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from(bytes);
}

interface IndexedObject {
  readonly id: string;
  readonly offset: number;
  readonly crc: number;
}

function indexOf(objects: readonly IndexedObject[], pack: Buffer): Buffer {
  const ordered = objects.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const head = Buffer.alloc(8 + 256 * 4);
  head.writeUInt32BE(0xff_74_4f_63);
  head.writeUInt32BE(2, 4);
  const counts = Array.from({ length: 256 }, () => 0);
  for (const { id } of ordered) {
    const first = Number.parseInt(id.slice(0, 2), 16);
    counts[first] = (counts[first] ?? 0) + 1;
  }
  let sum = 0;
  for (const [first, count] of counts.entries()) {
    sum += count;
    head.writeUInt32BE(sum, 8 + first * 4);
  }
  const numbers = Buffer.alloc(ordered.length * 8);
  for (const [index, { crc, offset }] of ordered.entries()) {
    numbers.writeUInt32BE(crc, index * 4);
    numbers.writeUInt32BE(offset, (ordered.length + index) * 4);
  }
  const ids = Buffer.from(ordered.map(({ id }) => id).join(''), 'hex');
  const body = Buffer.concat([head, ids, numbers, pack]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}
