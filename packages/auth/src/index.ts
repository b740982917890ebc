/** Who may do what: needed on every transport. What verifies callers over a network is `./network`. */
export type {
  Authenticator,
  AuthMethod,
  AuthOutcome,
  AuthProblem,
  Confirmation,
  Presented,
  SingleUse,
  TokenOutcome,
  TokenVerifier,
  UseOf,
  Verified,
} from './credential.ts';
export { entryFor, type Grant, grantFor, patternCovers } from './grant.ts';
export { localPrincipal } from './local.ts';
export {
  type Policy,
  type PolicyDatabase,
  type PolicyEntry,
  type PolicyLimits,
  policySchema,
} from './policy.ts';
export { type Principal, PRINCIPAL_KINDS, type PrincipalKind } from './principal.ts';
export { REVOCATION_BOUNDS } from './revocation-bounds.ts';
export { covers, type Scope } from './scopes.ts';
