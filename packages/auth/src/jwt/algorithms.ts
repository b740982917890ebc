/**
 * Signature algorithms that an operator may choose from. None with a shared secret, because who
 * verifies could then sign, and a public key could be taken for that secret; and never `none`.
 */
export const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;

export type Algorithm = (typeof ALGORITHMS)[number];

/** What issuers sign with unless told otherwise; `EdDSA` and `Ed25519` are two names of one algorithm. */
export const DEFAULT_ALGORITHMS: readonly Algorithm[] = [
  'ES256',
  'EdDSA',
  'Ed25519',
  'PS256',
  'RS256',
];

export function isAlgorithm(name: unknown): name is Algorithm {
  return ALGORITHMS.some((algorithm) => algorithm === name);
}
