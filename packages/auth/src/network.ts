/** How callers over a network prove who they are. Apart, so that a server on stdio loads none of it. */
export {
  type ApiKeyEntry,
  type CertificateEntry,
  KEY_DAYS_MAX,
  KEY_SCOPE,
  type KeyFile,
  type KeyFileContent,
  type ParsedKeyFile,
  parseKeyFile,
  PRINCIPAL_NAME,
} from './api-keys/key-file.ts';
export { certificatePrincipal, keyPrincipal } from './api-keys/principals.ts';
export {
  API_KEY_ID,
  API_KEY_PREFIX,
  hashApiKey,
  type MintedKey,
  mintApiKey,
} from './api-keys/secret.ts';
export { validityProblem, type ValidityProblem } from './api-keys/validity.ts';
export { isWithdrawn } from './api-keys/withdrawn.ts';
export { type AuthenticatorOptions, createAuthenticator } from './authenticator.ts';
export {
  AUTHORIZATION_CHARACTERS_MAX,
  type Credentials,
  parseAuthorization,
} from './authorization-header.ts';
export { DPOP_ALGORITHMS } from './dpop/proof.ts';
export {
  createDpopVerifier,
  type DpopOptions,
  type DpopVerifier,
  type ProofUse,
} from './dpop/verifier.ts';
export { type ChallengeOptions, type Challenges, createChallenges } from './challenge.ts';
export { identifierUrl, isEndpoint } from './issuer-url.ts';
export { isLoopbackName } from './loopback-name.ts';
export {
  checkIntrospectionClient,
  type IntrospectionClient,
} from './introspection/client-authentication.ts';
export {
  createIntrospection,
  type IntrospectionOptions,
  type IntrospectionVerifier,
} from './introspection/verifier.ts';
export {
  type ResourceMetadata,
  resourceMetadata,
  type ResourceMetadataOptions,
} from './resource-metadata.ts';
export type { Fetch } from './http-out.ts';
export { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS } from './jwt/algorithms.ts';
export type { ClientClaim, IdClaim } from './jwt/claims.ts';
export type { IssuerOptions } from './jwt/issuer.ts';
export { createJwtVerifier, type JwtOptions, type JwtVerifier } from './jwt/verifier.ts';
export {
  type ParsedRevocations,
  parseRevocations,
  type Revocation,
  revocationFromText,
  revocationToText,
} from './revocation-list.ts';
export { createRevocations, type Revocations } from './revocations.ts';
