import { hash, randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every key begins with: scanners for leaked secrets find it, and it tells a key from a token. */
export const API_KEY_PREFIX = 'mcpk_';

const ID_CHARACTERS = 12;
const SECRET_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;

const ID = '[a-z0-9]{12}';
/** 32 bytes in base64url. Underscores occur in it, so the parts are told apart by their lengths. */
const SECRET = '[A-Za-z0-9_-]{43}';

const WHOLE_KEY = new RegExp(`^${API_KEY_PREFIX}(${ID})_${SECRET}_[0-9A-Za-z]{6}$`);
const KEY_WITHIN = new RegExp(`${API_KEY_PREFIX}${ID}_${SECRET}`);

/** The id of a key: it names the key in its file, in revocations and in the audit trail. */
export const API_KEY_ID = new RegExp(`^${ID}$`);

/** A new key. The text is the secret, and exists nowhere but here. */
export interface MintedKey {
  readonly id: string;
  readonly text: string;
}

/** Makes a key of 256 random bits: `mcpk_<id>_<secret>_<checksum>`. */
export function mintApiKey(): MintedKey {
  const id = randomText(ID_CHARACTERS, '0123456789abcdefghijklmnopqrstuvwxyz');
  const body = `${API_KEY_PREFIX}${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, text: `${body}_${checksumOf(body)}` };
}

/**
 * The id of a well-formed key. The checksum keeps typing errors and scanners' false finds away from
 * the file of keys; it is no secret, and proves nothing.
 */
export function apiKeyId(text: string): string | undefined {
  const [, id] = WHOLE_KEY.exec(text) ?? [];
  const body = text.slice(0, -CHECKSUM_CHARACTERS - 1);
  return text.endsWith(`_${checksumOf(body)}`) ? id : undefined;
}

/** True where a text holds a key itself, whole or without its checksum. */
export function holdsApiKey(text: string): boolean {
  return KEY_WITHIN.test(text);
}

/**
 * What is kept of a key. Plain SHA-256 is right: slow hashes make up for passwords that can be
 * guessed, and nobody guesses 256 random bits. Each request pays for the hash, so slow would be a gift to
 * a flood.
 */
export function hashApiKey(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The CRC-32 of a key's body as six digits to the base 62, as GitHub's tokens carry it. */
function checksumOf(body: string): string {
  let digits = '';
  for (let rest = crc32(body); rest > 0; rest = Math.floor(rest / 62))
    digits = BASE62.charAt(rest % 62) + digits;
  return digits.padStart(CHECKSUM_CHARACTERS, '0');
}

function randomText(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}
