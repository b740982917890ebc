export { challengeForSdk, type ReadChallenge, readChallenges } from './challenges.ts';
export { CERTIFICATE_HEADER, type ClientSettings, type ResourceSettings } from './configuration.ts';
export {
  type AuthorizationServerOptions,
  type AuthorizationServerUnderTest,
  DESKTOP_REDIRECT,
  startAuthorizationServer,
  type TokenWish,
} from './server.ts';
export type { SigningAlgorithm } from './signing-keys.ts';
export type { IssuedToken } from './token-client.ts';
