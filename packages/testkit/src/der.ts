/**
 * Just enough of ASN.1's distinguished encoding (ITU-T X.690) to write a certificate. Node reads
 * certificates but issues none, and a fresh machine need not have `openssl`.
 */

/** One element: its tag, the length of its content, its content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  return Buffer.concat([Uint8Array.of(tag), lengthOf(body.length), body]);
}

/** Short form up to 127 bytes; above it, the number of bytes that the length takes, then those. */
function lengthOf(length: number): Uint8Array {
  if (length < 128) return Uint8Array.of(length);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Uint8Array.of(0x80 + bytes.length), bytes]);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Uint8Array => element(0x31, ...parts);
export const octets = (content: Uint8Array): Uint8Array => element(0x04, content);
export const text = (value: string): Uint8Array => element(0x0c, Buffer.from(value));
export const TRUE: Uint8Array = element(0x01, Uint8Array.of(0xff));

/** A number of at least 0; a leading zero keeps its first bit from being read as a sign. */
export function integer(bytes: Uint8Array): Uint8Array {
  const [first = 0] = bytes;
  return element(0x02, first > 127 ? Uint8Array.of(0) : Uint8Array.of(), bytes);
}

/** Bits, of which the last `unused` do not count. */
export function bits(content: Uint8Array, unused = 0): Uint8Array {
  return element(0x03, Uint8Array.of(unused), content);
}

/** Tagged by the context, holding other elements. */
export function tagged(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 + tag, ...content);
}

/** An object identifier such as `2.5.4.3`. */
export function identifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Seven bits a byte; all but the last byte have the eighth bit set. */
function base128(value: number): number[] {
  const digits = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    digits.unshift((left % 128) + 128);
  return digits;
}

/** A time as certificates write it: two-digit years until 2049 (RFC 5280 §4.1.2.5). */
export function time(date: Date): Uint8Array {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const isShort = date.getUTCFullYear() < 2050;
  return element(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits));
}
