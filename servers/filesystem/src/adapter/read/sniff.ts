/** What the first bytes of a file say of it. The name's ending is never asked: anyone can choose it. */
export type Sniffed =
  | { readonly kind: 'text'; readonly encoding: SniffedEncoding; readonly bomBytes: number }
  | { readonly kind: 'media'; readonly type: 'image' | 'audio'; readonly mimeType: string }
  | { readonly kind: 'binary' };

type SniffedEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** Bytes that are looked at: git and grep judge by as many. */
export const SNIFF_BYTES = 8192;

interface Signature {
  readonly type: 'image' | 'audio';
  readonly mimeType: string;
  readonly at: number;
  readonly bytes: string;
  /** A second mark, for containers that share the first. */
  readonly also?: { readonly at: number; readonly bytes: string };
}

const RIFF = 'RIFF';
const SIGNATURES: readonly Signature[] = [
  { type: 'image', mimeType: 'image/png', at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { type: 'image', mimeType: 'image/jpeg', at: 0, bytes: '\xff\xd8\xff' },
  { type: 'image', mimeType: 'image/gif', at: 0, bytes: 'GIF87a' },
  { type: 'image', mimeType: 'image/gif', at: 0, bytes: 'GIF89a' },
  { type: 'image', mimeType: 'image/webp', at: 0, bytes: RIFF, also: { at: 8, bytes: 'WEBP' } },
  { type: 'audio', mimeType: 'audio/wav', at: 0, bytes: RIFF, also: { at: 8, bytes: 'WAVE' } },
  { type: 'audio', mimeType: 'audio/mpeg', at: 0, bytes: 'ID3' },
  { type: 'audio', mimeType: 'audio/flac', at: 0, bytes: 'fLaC' },
  { type: 'audio', mimeType: 'audio/ogg', at: 0, bytes: 'OggS' },
  { type: 'audio', mimeType: 'audio/mp4', at: 4, bytes: 'ftypM4A' },
];

/** Judges a file by its first bytes. */
export function sniff(head: Uint8Array): Sniffed {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const marked = byteOrderMark(bytes);
  if (marked !== undefined) return marked;
  if (!bytes.includes(0)) {
    // A text that begins with "ID3" or "GIF89a" holds no NUL; a real picture or sound does.
    return { kind: 'text', encoding: 'utf-8', bomBytes: 0 };
  }
  const signature = SIGNATURES.find((candidate) => matches(bytes, candidate));
  return signature === undefined
    ? { kind: 'binary' }
    : { kind: 'media', type: signature.type, mimeType: signature.mimeType };
}

function matches(bytes: Buffer, { at, bytes: mark, also }: Signature): boolean {
  const has = (from: number, text: string): boolean =>
    bytes.subarray(from, from + text.length).toString('latin1') === text;
  return has(at, mark) && (also === undefined || has(also.at, also.bytes));
}

function byteOrderMark(bytes: Buffer): Sniffed | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return { kind: 'text', encoding: 'utf-8', bomBytes: 3 };
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return { kind: 'text', encoding: 'utf-16le', bomBytes: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return { kind: 'text', encoding: 'utf-16be', bomBytes: 2 };
  return undefined;
}
