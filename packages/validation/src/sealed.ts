/**
 * Texts that leave the process and come back, such as cursors: nobody else can read, change or reuse
 * them. A cursor holds names as they are, also those with a secret in them, which an answer would cover.
 */

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals a text for one question: only the same question opens it again. */
export function seal(question: unknown, text: string): string {
  const nonce = crypto().randomBytes(NONCE_BYTES);
  const cipher = crypto().createCipheriv(CIPHER, keyOfProcess(), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(question)));
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  // Not base64url: with an underscore among its letters, one in 100,000 would look like a token.
  return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64');
}

/** Opens a sealed text; undefined for one that belongs to another question or to another process. */
export function unseal(question: unknown, sealedText: string): string | undefined {
  const sealed = Buffer.from(sealedText, 'base64');
  const [tagAt, textAt] = [NONCE_BYTES, NONCE_BYTES + TAG_BYTES];
  if (sealed.length < textAt) return undefined;
  const nonce = sealed.subarray(0, tagAt);
  const options = { authTagLength: TAG_BYTES };
  const decipher = crypto().createDecipheriv(CIPHER, keyOfProcess(), nonce, options);
  decipher.setAAD(Buffer.from(JSON.stringify(question)));
  decipher.setAuthTag(sealed.subarray(tagAt, textAt));
  try {
    return decipher.update(sealed.subarray(textAt), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

let key: Buffer | undefined;

/** Made once and kept nowhere: a sealed text lives as long as the process that wrote it. */
function keyOfProcess(): Buffer {
  return (key ??= crypto().randomBytes(32));
}

/** Loaded where it is needed rather than imported: a start without a cursor should not wait for it. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
