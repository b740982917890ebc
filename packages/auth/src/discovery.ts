import * as z from 'zod';

import { ask, type Fetch, OutFailure, OutProblem } from './http-out.ts';
import { isEndpoint } from './issuer-url.ts';
import { once } from './once.ts';

/** What an issuer publishes about itself, as far as a resource server needs it. */
interface IssuerMetadata {
  readonly jwksUrl: string | undefined;
  readonly introspectionUrl: string | undefined;
}

export interface DiscoveryOptions {
  readonly issuer: string;
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Discovery {
  /** Asks the issuer, at the first use and when the last answer is old. Rejects with an OutProblem. */
  metadata(): Promise<IssuerMetadata>;
  /** Forgets the last answer. */
  forget(): void;
}

/** How long an answer is used. Endpoints move rarely, keys have their own age. */
const AGE_MAX_MS = 3_600_000;

const BYTES_MAX = 65_536;
const TIMEOUT_MS = 5000;

const document = z.object({
  issuer: z.string(),
  jwks_uri: z.string().max(2048).optional(),
  introspection_endpoint: z.string().max(2048).optional(),
});

/** Finds the endpoints of an issuer at its well-known URLs (RFC 8414, OpenID Connect Discovery). */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const now = options.now ?? Date.now;
  let known: { readonly metadata: IssuerMetadata; readonly at: number } | undefined;

  const discover = once(async () => {
    const metadata = await fetchMetadata(options);
    known = { metadata, at: now() };
    return metadata;
  });

  return {
    async metadata() {
      return known !== undefined && now() - known.at < AGE_MAX_MS ? known.metadata : discover();
    },
    forget() {
      known = undefined;
    },
  };
}

async function fetchMetadata({ issuer, fetch }: DiscoveryOptions): Promise<IssuerMetadata> {
  for (const url of wellKnownUrls(issuer)) {
    // One after the other: the second place is looked at only when there is nothing at the first.
    // oxlint-disable-next-line no-await-in-loop
    const { status, value } = await ask(
      { url, method: 'GET', bytesMax: BYTES_MAX, timeoutMs: TIMEOUT_MS },
      fetch,
    );
    if (status === 200) return metadataOf(value, issuer);
    if (status >= 500) throw new OutFailure('the issuer fails to show its metadata');
    if (status < 400) throw new OutProblem('the issuer does not show its metadata');
  }
  throw new OutProblem('the issuer publishes no metadata');
}

function metadataOf(value: unknown, issuer: string): IssuerMetadata {
  const parsed = document.safeParse(value);
  if (!parsed.success) throw new OutProblem('the metadata is malformed');
  // RFC 8414 §3.3: a document about another issuer would make its keys verify this one's tokens.
  if (parsed.data.issuer !== issuer) throw new OutProblem('the metadata is of another issuer');
  const { jwks_uri: jwksUrl, introspection_endpoint: introspectionUrl } = parsed.data;
  for (const url of [jwksUrl, introspectionUrl]) {
    if (url !== undefined && !isEndpoint(url, issuer)) {
      throw new OutProblem('the metadata names an endpoint that is not https');
    }
  }
  return { jwksUrl, introspectionUrl };
}

/** RFC 8414 §3.1 puts its words before the issuer's path, OpenID Connect Discovery §4 behind it. */
function wellKnownUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}
