import { crypto } from '../crypto.ts';

/**
 * What keys are about: our own word before the first colon. Each has room of its own, so that a flood
 * of addresses takes none from callers. A closed list: callers choose what follows, and a word of
 * theirs makes no room.
 */
const SPACES: ReadonlySet<string> = new Set([
  'address',
  'failure',
  'messages',
  'calls',
  'tool',
  'question',
  'dpop',
]);

/** A key that is longer than this is kept as its hash: callers choose how long theirs are. */
const CHARACTERS_MAX = 128;

/** The space of a key that is written as `space:text`. */
export function spaceOf(key: string): string {
  const word = key.slice(0, Math.max(0, key.indexOf(':')));
  return SPACES.has(word) ? word : 'other';
}

/** What stands for a key outside of this process: it may come from a token, and nothing of it is told. */
export function hashedKey(key: string): string {
  return crypto().createHash('sha256').update(key).digest('base64url');
}

/** What stands for a key in this process. Most are kept as they are: a hash would cost the start time. */
export function boundedKey(key: string): string {
  // Longer than any key that is kept as it is, so that no key is another's hash.
  return key.length <= CHARACTERS_MAX ? key : hashedKey(key).padEnd(CHARACTERS_MAX + 1, '.');
}
