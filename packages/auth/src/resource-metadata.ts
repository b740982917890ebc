import { identifierUrl } from './issuer-url.ts';

export interface ResourceMetadataOptions {
  /** The URL of this server that clients use and tokens are issued for. */
  readonly resource: string;
  /** The identifiers of the authorization servers whose tokens are accepted. */
  readonly issuers: readonly string[];
  /**
   * The scopes that make the server useful at all. Those for more are asked for when they are needed:
   * what is listed here is what clients ask a person to allow.
   */
  readonly scopes: readonly string[];
  /** What people read when they are asked. */
  readonly name: string;
  /** Signature algorithms of DPoP proofs; none: DPoP is not accepted. */
  readonly dpopAlgorithms: readonly string[];
  /** True where tokens may be bound to client certificates. */
  readonly certificateBound: boolean;
}

/** The document that tells a client where to get a token (RFC 9728). */
export interface ResourceMetadata {
  /** Its absolute URL, for challenges. */
  readonly url: string;
  /** Where it is to be served. */
  readonly paths: readonly string[];
  /** What is served there. It is public, and the same for everyone. */
  readonly document: {
    readonly status: 200;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/**
 * Any page may read this document: it holds nothing of a caller, and a client in a browser needs it
 * before it has a token. This header belongs to no other answer.
 */
const HEADERS = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };

/** Words the metadata of this resource. Wrong options throw a TypeError. */
export function resourceMetadata(options: ResourceMetadataOptions): ResourceMetadata {
  const { origin, pathname } = new URL(identifierUrl(options.resource));
  const path = `${WELL_KNOWN}${pathname === '/' ? '' : pathname}`;
  return {
    url: `${origin}${path}`,
    // The second is where a client looks that was told nothing (MCP authorization).
    paths: [...new Set([path, WELL_KNOWN])],
    document: { status: 200, headers: HEADERS, body: JSON.stringify(contentOf(options)) },
  };
}

function contentOf(options: ResourceMetadataOptions): Readonly<Record<string, unknown>> {
  const { dpopAlgorithms } = options;
  return {
    resource: options.resource,
    authorization_servers: options.issuers.map(identifierUrl),
    scopes_supported: options.scopes,
    // Not in the URL, which is logged, and not in the content.
    bearer_methods_supported: ['header'],
    resource_name: options.name,
    tls_client_certificate_bound_access_tokens: options.certificateBound,
    ...(dpopAlgorithms.length === 0 ? {} : { dpop_signing_alg_values_supported: dpopAlgorithms }),
  };
}
