import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

import type { AuthProblem, Presented, Verified } from '@secure-mcp/auth';

import { crypto } from '../../crypto.ts';
import type { ClientAddress, Headers } from '../exchange.ts';
import type { Challenges, FrontParts } from '../front-parts.ts';
import { HttpRefusal, type HttpRefusalCode } from '../refusals.ts';

/** What is known of a request by then. */
interface Known {
  readonly address: ClientAddress;
  /** Counts a message of a caller; it is asked before a proof of the caller's is used up. */
  readonly admit: (principalId: string) => Promise<void>;
  /** What is said instead of anything else where the credential is not accepted, and not counted. */
  readonly barred: HttpRefusal | undefined;
}

/**
 * Finds out who is calling. Nothing of the content has been read yet, and whoever is nobody sends none.
 */
export async function authenticate(
  {
    authenticator,
    limits,
    challenges,
  }: Pick<FrontParts, 'authenticator' | 'limits' | 'challenges'>,
  presented: Presented,
  { address, admit, barred }: Known,
): Promise<Verified> {
  const outcome = await authenticator.authenticate({ ...presented, admit });
  if (outcome.ok) return outcome.verified;
  // Counted, it would make everybody else at the address wait for longer.
  if (barred !== undefined) throw barred;
  const { problem } = outcome;
  if (isGuess(problem)) await limits.countFailure(address);
  if (problem.kind === 'unavailable') await limits.countUnanswered(address);
  throw refusalOf(problem, challenges);
}

/**
 * Who presents nothing guesses nothing: every client begins so, to learn where to sign in. Nor does who
 * presents what was good once: tokens expire every few minutes, and whole offices stand behind one address.
 */
function isGuess(problem: AuthProblem): boolean {
  return (problem.kind === 'invalid' || problem.kind === 'proof') && problem.genuine !== true;
}

/** Gathers what a request presents of itself. */
export function presentedBy(request: IncomingMessage, headers: Headers): Presented {
  return {
    authorization: headers.get('authorization'),
    proof: headers.get('dpop'),
    ...certificateOf(request.socket),
    method: request.method ?? '',
  };
}

type PeerCertificate = Pick<Presented, 'certificate' | 'certificateEndsAt'>;

const NO_CERTIFICATE: PeerCertificate = { certificate: undefined };

/** The certificate of a connection, which is the same for all of its requests. */
const certificates = new WeakMap<TLSSocket, PeerCertificate>();

/** Only a certificate that the handshake has verified against our authorities is one. */
function certificateOf(socket: IncomingMessage['socket']): PeerCertificate {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return NO_CERTIFICATE;
  const known = certificates.get(socket);
  if (known !== undefined) return known;
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined) return NO_CERTIFICATE;
  const certificate = crypto().createHash('sha256').update(peer.raw).digest();
  // The handshake has judged this time once. A connection can be kept for longer.
  const presented = { certificate, certificateEndsAt: peer.validToDate.getTime() };
  certificates.set(socket, presented);
  return presented;
}

const CODES: Readonly<Record<AuthProblem['kind'], HttpRefusalCode>> = {
  missing: 'auth.missing',
  invalid: 'auth.invalid',
  proof: 'auth.invalid',
  unavailable: 'auth.unavailable',
};

/** How long a client should leave an issuer that does not answer alone, in milliseconds. */
const UNAVAILABLE_MS = 5000;

/** What a caller without an accepted credential is told, now or when it loses it under way. */
export function refusalOf(problem: AuthProblem, challenges: Challenges): HttpRefusal {
  const challenge = challenges.unauthorized(problem);
  return new HttpRefusal(CODES[problem.kind], {
    ...(challenge !== undefined && { headers: { 'www-authenticate': challenge } }),
    ...('detail' in problem && { detail: problem.detail }),
    ...(problem.kind === 'unavailable' && { retryAfterMs: UNAVAILABLE_MS }),
  });
}
