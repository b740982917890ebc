import type { ClientAddress } from '../exchange.ts';
import type { FrontLimits } from '../front-parts.ts';
import { HttpRefusal } from '../refusals.ts';

/** What a refusal is called whose cause are the failures of others at the address. */
export const FAILURES = 'failures';

/** An address that may present its credential. */
export interface Entry {
  /** To be called once it is known who it is. */
  readonly leave: () => void;
  /** What the request is refused with where its credential is not accepted: it is no more than looked at. */
  readonly barred: HttpRefusal | undefined;
}

/**
 * Lets an address present its credential. Where too many have failed there, only one is looked at that
 * cannot be a guess.
 */
export async function admitAddress(
  limits: Pick<FrontLimits, 'admitAddress'>,
  address: ClientAddress,
  isCertain: () => boolean,
): Promise<Entry> {
  try {
    return { leave: await limits.admitAddress(address), barred: undefined };
  } catch (error) {
    if (!(error instanceof HttpRefusal) || error.options.detail !== FAILURES) throw error;
    if (!isCertain()) throw error;
    return { leave: () => undefined, barred: error };
  }
}
