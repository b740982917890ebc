import type { KeyFile } from './api-keys/key-file.ts';
import { createApiKeyVerifier } from './api-keys/verify.ts';
import { isWithdrawn } from './api-keys/withdrawn.ts';
import { parseAuthorization } from './authorization-header.ts';
import { verifyCertificate } from './certificates.ts';
import type {
  Authenticator,
  AuthOutcome,
  Presented,
  TokenVerifier,
  Verified,
} from './credential.ts';
import { asGenuine, deny, MISSING } from './denial.ts';
import type { DpopVerifier } from './dpop/verifier.ts';
import type { Revocations } from './revocations.ts';
import { checkSender, type ConstraintRules } from './sender-constraint.ts';

export interface AuthenticatorOptions {
  /** In the order in which they are asked whether a token is theirs; API keys come before all. */
  readonly verifiers: readonly TokenVerifier[];
  /** The file of keys as it is now; undefined where there is none. */
  readonly keys: () => KeyFile | undefined;
  readonly dpop: DpopVerifier;
  /** What has been revoked by now. */
  readonly revocations: () => Revocations;
  /** True where bearer credentials, API keys among them, are not enough. */
  readonly requireSenderConstrained: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Verifies whatever a request presents: one token with what it is bound to, or one certificate.
 *
 * A request that presents a token is judged by that token alone. A certificate beside it binds, and never
 * takes over for a token that is refused. An error of a verifier's own rejects, so that it
 * cannot be taken for a yes.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, dpop, requireSenderConstrained: required, now } = options;
  const verifiers = [createApiKeyVerifier(keys, now), ...options.verifiers];
  const rules: ConstraintRules = { dpop, required };
  return {
    async authenticate(presented) {
      const outcome =
        presented.authorization === undefined
          ? withoutToken(presented, keys(), now())
          : await withToken(presented.authorization, presented, verifiers, rules);
      return outcome.ok ? asGenuine(stillGood(outcome.verified, presented, options)) : outcome;
    },
  };
}

function withoutToken(
  { proof, certificate }: Presented,
  keys: KeyFile | undefined,
  now: number,
): AuthOutcome {
  if (proof !== undefined) return deny('proof', 'proof without a token');
  return certificate === undefined ? MISSING : verifyCertificate(certificate, keys, now);
}

async function withToken(
  authorization: string,
  presented: Presented,
  verifiers: readonly TokenVerifier[],
  rules: ConstraintRules,
): Promise<AuthOutcome> {
  const credentials = parseAuthorization(authorization);
  if (credentials === undefined) return deny('invalid', 'malformed Authorization header');
  const verifier = verifiers.find((candidate) => candidate.recognises(credentials.token));
  if (verifier === undefined) return deny('invalid', 'unknown kind of token');
  const outcome = await verifier.verify(credentials.token);
  if (!outcome.ok) return outcome;
  const constraint = await checkSender(credentials, presented, outcome, rules);
  if (!constraint.ok) return constraint;
  const { boundTo } = constraint;
  if (outcome.verified.boundTo === boundTo) return outcome;
  // Whether it is bound is what was proved here, whatever a verifier says of it.
  const { boundTo: _claimed, ...verified } = outcome.verified;
  return { ok: true, verified: boundTo === undefined ? verified : { ...verified, boundTo } };
}

/** The last questions, after everything that takes time. */
function stillGood(
  caller: Verified,
  presented: Presented,
  { revocations, keys, now }: AuthenticatorOptions,
): AuthOutcome {
  const verified = withCertificate(caller, presented);
  if (revocations().isRevoked(verified)) return deny('invalid', 'revoked');
  if (isWithdrawn(verified, keys())) return deny('invalid', 'withdrawn');
  // Written so that it does not hold for what is no number.
  if (!(verified.expiresAt > now())) return deny('invalid', 'expired');
  return { ok: true, verified };
}

/**
 * The handshake judged the certificate's time once, and a connection can be kept for long: no credential
 * that comes over it outlives the certificate.
 */
function withCertificate(caller: Verified, presented: Presented): Verified {
  const { certificate, certificateEndsAt } = presented;
  if (certificate === undefined) return caller;
  const verified = { ...caller, certificate: Buffer.from(certificate).toString('hex') };
  if (certificateEndsAt === undefined) return verified;
  const expiresAt = Math.min(caller.expiresAt, certificateEndsAt);
  return { ...verified, certificateEndsAt, expiresAt };
}
