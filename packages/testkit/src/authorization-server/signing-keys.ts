import { generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID } from 'node:crypto';

/** What the server may be told to sign with. */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'PS256' | 'EdDSA';

/** Makes one private key of each algorithm, each with a name of its own. */
export function makeSigningKeys(algorithms: Iterable<SigningAlgorithm>): JsonWebKey[] {
  return Array.from(new Set(algorithms), (alg) => ({
    ...privateKey(alg).export({ format: 'jwk' }),
    alg,
    use: 'sig',
    kid: randomUUID(),
  }));
}

function privateKey(algorithm: SigningAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey;
  }
}
