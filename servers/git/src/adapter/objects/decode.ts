/** Bytes of commits and tags as text, in the encoding that a commit says it has. */
export type Decode = (bytes: Buffer) => string;

/**
 * Finds the decoder for a commit's `encoding` header.
 *
 * git would hand the bytes to the C library's iconv, a parser that a repository should not reach; ours
 * is the runtime's. What it does not know is read as UTF-8, and what is no UTF-8 becomes U+FFFD.
 */
export function decoderFor(label: string | undefined): Decode {
  if (label === undefined || !/^[\w.:-]{1,40}$/.test(label)) return utf8;
  try {
    const decoder = new TextDecoder(label, { ignoreBOM: true });
    // An encoding in which ASCII means something else would give the headers another sense than git saw.
    // It has many labels: `unicode`, `ucs-2` and more.
    if (decoder.encoding.startsWith('utf-')) return utf8;
    return (bytes) => decoder.decode(bytes);
  } catch {
    return utf8;
  }
}

export const utf8: Decode = (bytes) => bytes.toString('utf8');
