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
  'proof',
]);

/** A key as it is kept. */
export interface StoreKey {
  readonly space: string;
  /** Of one length whatever the key's, and without its text: it may come from a token. */
  readonly name: string;
}

/** Prepares a key that is written as `space:text`. */
export function storeKey(key: string): StoreKey {
  const word = key.slice(0, Math.max(0, key.indexOf(':')));
  const space = SPACES.has(word) ? word : 'other';
  return { space, name: crypto().createHash('sha256').update(key).digest('base64url') };
}
