import { invalid } from '../token-problem.ts';
import { type Algorithm, isAlgorithm } from './algorithms.ts';

/** What a token says about its signature. It is the attacker's text until that signature is verified. */
export interface TokenHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
}

export interface HeaderRules {
  readonly algorithms: ReadonlySet<string>;
  /** True for an issuer that does not mark its access tokens as RFC 9068 demands. */
  readonly anyType: boolean;
}

/**
 * Parameters that would let a token choose its own key, or change what is verified. Ignoring them is
 * what RFC 7515 allows; a token that carries one is an attack or a mistake, and worth a record.
 */
const REFUSED = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'epk'] as const;

const KID_MAX = 256;

/** Reads the header of an access token, before any key is looked for. */
export function readHeader(
  header: Readonly<Record<string, unknown>>,
  { algorithms, anyType }: HeaderRules,
): TokenHeader {
  for (const name of REFUSED) {
    if (Object.hasOwn(header, name)) invalid(`the header holds ${name}`);
  }
  const { alg, kid, typ } = header;
  if (!isAlgorithm(alg) || !algorithms.has(alg)) invalid('the algorithm is not accepted');
  if (!anyType && !isAccessToken(typ)) invalid('the type is not at+jwt');
  return { alg, kid: keyId(kid) };
}

/** RFC 9068 §4: any other JWT of the same issuer, such as an ID token, is no access token. */
function isAccessToken(typ: unknown): boolean {
  if (typeof typ !== 'string') return false;
  return ['at+jwt', 'application/at+jwt'].includes(typ.toLowerCase());
}

function keyId(kid: unknown): string | undefined {
  if (kid === undefined) return undefined;
  if (typeof kid !== 'string' || kid.length > KID_MAX) invalid('the key id is malformed');
  return kid;
}
