import {
  type Challenges,
  createChallenges,
  DPOP_ALGORITHMS,
  type ResourceMetadata,
  resourceMetadata,
} from '@secure-mcp/auth/network';

import type { CommonOptions } from '../config/common.ts';
import type { PlainAnswer } from './exchange.ts';
import { forOption } from './for-option.ts';

/** What a client is told about getting in, and what is told it when it did not. */
export interface Directions {
  readonly challenges: Challenges;
  /** By path. Empty where there is no authorization server to point at. */
  readonly documents: ReadonlyMap<string, () => PlainAnswer>;
}

export interface DirectionsParts {
  readonly common: CommonOptions;
  readonly resource: URL;
  /** What people read when they are asked for consent. */
  readonly title: string;
  /** All scopes that are served. */
  readonly scopes: readonly string[];
}

/** Words the metadata of the resource and the challenges that point at it. */
export function directionsOf(parts: DirectionsParts): Directions {
  const metadata = metadataOf(parts);
  const { issuer, requireSenderConstrained, tlsClientCa } = parts.common;
  const challenges = createChallenges({
    resourceMetadataUrl: metadata?.url,
    scopes: issuer === undefined ? [] : baseline(parts.scopes),
    // A token that is bound to a certificate is a bearer token by its scheme.
    bearer: !requireSenderConstrained || tlsClientCa !== undefined,
    dpopAlgorithms: issuer === undefined ? [] : DPOP_ALGORITHMS,
  });
  const answer = metadata?.document;
  return {
    challenges,
    documents: new Map(
      answer === undefined ? [] : (metadata?.paths ?? []).map((path) => [path, () => answer]),
    ),
  };
}

function metadataOf({
  common,
  resource,
  title,
  scopes,
}: DirectionsParts): ResourceMetadata | undefined {
  const { issuer, tlsClientCa } = common;
  if (issuer === undefined) return undefined;
  return forOption('--issuer', () =>
    resourceMetadata({
      resource: resource.href,
      issuers: [issuer],
      scopes: baseline(scopes),
      name: title,
      dpopAlgorithms: DPOP_ALGORITHMS,
      certificateBound: tlsClientCa !== undefined,
    }),
  );
}

/**
 * What a client should ask for first: reading. More is asked for when a call needs it, so that a
 * person is never asked to allow everything at once (MCP security best practices: Scope Minimization).
 */
function baseline(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => scope.endsWith(':read'));
}
