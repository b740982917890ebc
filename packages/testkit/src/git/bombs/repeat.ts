import { createHash } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';

const MODULUS = 65_521;

/** A long text that is one short block, again and again. It is never in memory as a whole. */
export interface Repetition {
  readonly head: Buffer;
  readonly block: Buffer;
  readonly times: number;
}

export function lengthOf({ head, block, times }: Repetition): number {
  return head.length + block.length * times;
}

/** Its SHA-1. */
export function digestOf({ head, block, times }: Repetition): string {
  const hash = createHash('sha1').update(head);
  for (let turn = 0; turn < times; turn += 1) hash.update(block);
  return hash.digest('hex');
}

/**
 * The zlib stream (RFC 1950) that inflates to it. A full flush ends the compressed block at a whole
 * byte and without memory, so that the same bytes can stand there as often as one likes.
 */
export function deflated({ head, block, times }: Repetition): Buffer {
  const flush = { finishFlush: constants.Z_FULL_FLUSH, level: 9 };
  const once = deflateRawSync(block, flush);
  const blocks = Buffer.alloc(once.length * times);
  for (let at = 0; at < blocks.length; at += once.length) once.copy(blocks, at);
  const end = Buffer.alloc(6);
  end.writeUInt16BE(0x03_00);
  end.writeUInt32BE(checksum(head, block, times), 2);
  return Buffer.concat([Buffer.from([0x78, 0xda]), deflateRawSync(head, flush), blocks, end]);
}

/** Adler-32, from those of the parts. */
function checksum(head: Buffer, block: Buffer, times: number): number {
  const part = adler(block);
  let { low, high } = adler(head);
  for (let turn = 0; turn < times; turn += 1) {
    high = (high + part.high + (block.length % MODULUS) * (low - 1 + MODULUS)) % MODULUS;
    low = (low + part.low - 1 + MODULUS) % MODULUS;
  }
  return high * 65_536 + low;
}

function adler(bytes: Buffer): { low: number; high: number } {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % MODULUS;
    high = (high + low) % MODULUS;
  }
  return { low, high };
}
