import type { CryptoKey } from 'jose';

import { invalid, unavailable } from '../token-problem.ts';
import type { TokenHeader } from './header.ts';
import { type IssuerKeysOptions, keepKeys } from './kept-keys.ts';
import { createUnknownKeys } from './unknown-keys.ts';

/** The keys of one issuer, kept current. */
export interface IssuerKeys {
  /** The key that a token names. Rejects with a TokenProblem. */
  keyFor(header: TokenHeader): Promise<CryptoKey>;
  /** Fetches the set now, and rejects when that fails: then the former set stays until it is too old. */
  reload(): Promise<void>;
}

/**
 * Finds an issuer's keys: fetched with the first token, again when they are old or a token names one
 * that is not among them, and one request at a time however many tokens wait for it.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const kept = keepKeys(options);
  const unknown = createUnknownKeys(options.now);

  /** Looks again once, for a key that the issuer may have begun to use since. */
  async function lookAgain(header: TokenHeader): Promise<CryptoKey | undefined> {
    if (!unknown.admit(header.kid)) return undefined;
    await kept.refresh().catch(notKnown);
    return (await kept.current()).find(header);
  }

  function notKnown(): never {
    // The set may be an old one: then the issuer may know better, and the token may be good.
    if (kept.isFailing()) unavailable('the key is not known, and the issuer does not answer');
    invalid('the key is not known');
  }

  return {
    async keyFor(header) {
      const found = await (await kept.current()).find(header);
      return found ?? (await lookAgain(header)) ?? notKnown();
    },
    reload: kept.reload,
  };
}
