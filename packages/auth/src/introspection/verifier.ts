import { createHash } from 'node:crypto';

import { API_KEY_PREFIX } from '../api-keys/secret.ts';
import type { TokenOutcome, TokenVerifier } from '../credential.ts';
import { createDiscovery } from '../discovery.ts';
import { type Fetch, OutProblem } from '../http-out.ts';
import { identifierUrl, isEndpoint } from '../issuer-url.ts';
import { looksLikeJws, readCompact } from '../jwt/compact.ts';
import { problemOf, TokenProblem, unavailable } from '../token-problem.ts';
import { judgeAnswer } from './answer.ts';
import { createBreaker } from './breaker.ts';
import { checkIntrospectionClient, type IntrospectionClient } from './client-authentication.ts';
import { askAbout } from './question.ts';
import { createRemembered } from './remembered.ts';

export interface IntrospectionOptions {
  /** The URL of this server that tokens have to be issued for, letter by letter. */
  readonly resource: string;
  /** The identifier of the authorization server that is asked. */
  readonly issuer: string;
  /** Where to ask; absent: where the issuer's metadata says. */
  readonly endpoint?: string;
  /** Whom this server asks as. Called for each question, so that a new secret serves at once. */
  readonly client: () => IntrospectionClient;
  /** True to ask about JWTs as well, so that a revocation ends them early. */
  readonly jwts?: boolean;
  /** Milliseconds that a token may live, 24 hours unless told otherwise. */
  readonly lifetimeMaxMs?: number;
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Verifies tokens by asking their issuer. */
export interface IntrospectionVerifier extends TokenVerifier {
  /** Forgets all answers, so that a revoked token ends at once. */
  reload(): void;
}

const LIFETIME_MAX_MS = 86_400_000;

/** Questions under way at most: a flood of invented tokens must not become a flood at the issuer. */
const QUESTIONS_MAX = 32;

/**
 * Makes a verifier that asks the issuer about each token (RFC 7662). A "yes" is believed for half a
 * minute. While the issuer does not answer, nobody new is let in. Wrong options throw a TypeError.
 */
export function createIntrospection(options: IntrospectionOptions): IntrospectionVerifier {
  const { client, endpoint, jwts = false } = options;
  const now = options.now ?? Date.now;
  const [issuer, resource] = [identifierUrl(options.issuer), identifierUrl(options.resource)];
  if (endpoint !== undefined && !isEndpoint(endpoint, issuer)) {
    throw new TypeError('The URL for introspection must be https.');
  }
  checkIntrospectionClient(client());
  const world = options.fetch === undefined ? {} : { fetch: options.fetch };
  const discovery = createDiscovery({ issuer, now, ...world });
  const parts = { issuer, endpoint, client, discovery, now, ...world };
  const lifetimeMaxMs = options.lifetimeMaxMs ?? LIFETIME_MAX_MS;
  // Two, so that a stranger whose invented tokens make the issuer fail keeps nobody out who was let in before.
  const breakers = { known: createBreaker(now), stranger: createBreaker(now) };
  const remembered = createRemembered(now);
  const underWay = new Map<string, Promise<TokenOutcome>>();

  async function judged(token: string, digest: string): Promise<TokenOutcome> {
    const answer = await askAbout(token, parts);
    return judgeAnswer(answer, { token, digest }, { issuer, resource, lifetimeMaxMs, now: now() });
  }

  async function asked(token: string, digest: string): Promise<TokenOutcome> {
    if (underWay.size >= QUESTIONS_MAX) unavailable('too many questions are under way');
    const breaker = remembered.wasGood(digest) ? breakers.known : breakers.stranger;
    return breaker.run(() => judged(token, digest).catch(outcomeOf)).catch(unanswered);
  }

  function question(token: string, digest: string): Promise<TokenOutcome> {
    const generation = remembered.generation();
    const answer = asked(token, digest)
      .catch(problemOf)
      .then((outcome) => remembered.set(digest, outcome, generation))
      .finally(() => {
        if (underWay.get(digest) === answer) underWay.delete(digest);
      });
    underWay.set(digest, answer);
    return answer;
  }

  return {
    recognises: (token) => !token.startsWith(API_KEY_PREFIX) && (jwts || !looksLikeJws(token)),
    async verify(token) {
      const problem = shapeProblem(token);
      if (problem !== undefined) return problem;
      const digest = createHash('sha256').update(token).digest('hex');
      return remembered.get(digest) ?? underWay.get(digest) ?? question(token, digest);
    },
    reload() {
      remembered.clear();
      underWay.clear();
      discovery.forget();
    },
  };
}

/** Characters of an opaque token at most: the longest that issuers are known to make. */
const OPAQUE_CHARACTERS_MAX = 2048;

/**
 * Before anyone is asked. What another reader would take for the same JWT is not the same text; and
 * what no issuer makes, such as a path that climbs, is for tripping over whatever stands before the issuer.
 */
function shapeProblem(token: string): TokenOutcome | undefined {
  if (looksLikeJws(token)) {
    return readCompact(token) === undefined
      ? refused('the token is not a canonical JWS')
      : undefined;
  }
  return token.length > OPAQUE_CHARACTERS_MAX || token.includes('..')
    ? refused('the token is none that an issuer makes')
    : undefined;
}

function refused(detail: string): TokenOutcome {
  return { ok: false, problem: { kind: 'invalid', detail } };
}

/** A judgement of a token is an answer of the issuer: only what is none counts as its failure. */
function outcomeOf(error: unknown): TokenOutcome {
  if (error instanceof TokenProblem) return problemOf(error);
  throw error;
}

function unanswered(error: unknown): never {
  if (error instanceof OutProblem) unavailable(`introspection: ${error.message}`);
  throw error;
}
