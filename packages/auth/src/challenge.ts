import type { AuthProblem, Verified } from './credential.ts';

export interface ChallengeOptions {
  /** The URL of the resource's metadata (RFC 9728 §5.1); absent where there is no authorization server. */
  readonly resourceMetadataUrl: string | undefined;
  /** The scopes that a client should ask for first. */
  readonly scopes: readonly string[];
  /** False where only sender-constrained tokens are accepted, and by DPoP alone. */
  readonly bearer: boolean;
  /** Signature algorithms of DPoP proofs; none: DPoP is not accepted. */
  readonly dpopAlgorithms: readonly string[];
}

/** Words the `WWW-Authenticate` header. It is made of the options alone, and quotes nothing of a request. */
export interface Challenges {
  /** Undefined where there is nothing to say: a new credential would not help. */
  unauthorized(problem: AuthProblem): string | undefined;
  /** All scopes that the operation needs, at once. */
  insufficientScope(scopes: readonly string[], verified: Verified): string;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** One sentence for each code: a finer one would tell a forger how far a forgery got. */
const DESCRIPTIONS = {
  invalid_token: 'The access token is not accepted.',
  invalid_dpop_proof: 'The DPoP proof is not accepted.',
  insufficient_scope: 'The access token does not grant what this needs.',
} as const;

type ErrorCode = keyof typeof DESCRIPTIONS;

/** Makes the challenges of RFC 6750, RFC 9449 and RFC 9728. Wrong options throw a TypeError. */
export function createChallenges(options: ChallengeOptions): Challenges {
  const { resourceMetadataUrl, dpopAlgorithms } = options;
  const everywhere = { resource_metadata: resourceMetadataUrl };
  const algs = dpopAlgorithms.join(' ');
  const offered = { ...everywhere, scope: options.scopes.join(' ') };

  const bearer = (parameters: Parameters) => challenge('Bearer', parameters);
  const dpop = (parameters: Parameters) => challenge('DPoP', { ...parameters, algs });

  /** `Bearer` first: clients that know nothing of DPoP look at the first challenge only. */
  function both(forBearer: Parameters, forDpop: Parameters): string {
    const parts = [
      ...(options.bearer ? [bearer({ ...forBearer, ...offered })] : []),
      ...(dpopAlgorithms.length === 0 ? [] : [dpop({ ...forDpop, ...offered })]),
    ];
    return parts.join(', ');
  }

  // Wrong options are found at the start, not with the first caller.
  if (both({}, {}) === '')
    throw new TypeError('A challenge needs a scheme: Bearer, DPoP, or both.');
  return {
    unauthorized({ kind }) {
      switch (kind) {
        // RFC 6750 §3.1: who has presented nothing has made no error yet.
        case 'missing':
          return both({}, {});
        case 'invalid':
          return both(failure('invalid_token'), failure('invalid_token'));
        case 'proof':
          return both({}, failure('invalid_dpop_proof'));
        case 'unavailable':
          return undefined;
      }
    },
    insufficientScope(scopes, { boundTo }) {
      const needed = { ...failure('insufficient_scope'), scope: scopes.join(' '), ...everywhere };
      return boundTo === 'dpop' ? dpop(needed) : bearer(needed);
    },
  };
}

function failure(error: ErrorCode): Parameters {
  return { error, error_description: DESCRIPTIONS[error] };
}

function challenge(scheme: string, parameters: Parameters): string {
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}="${quotable(value ?? '')}"`);
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`;
}

/** What stands between the quotes: nothing here may need an escape, so that no parser has to know one. */
function quotable(text: string): string {
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) {
    throw new TypeError('A challenge holds visible ASCII without quotation mark and backslash.');
  }
  return text;
}
