import type { Discovery } from '../discovery.ts';
import { ask, type Fetch, OutFailure, OutProblem } from '../http-out.ts';
import { invalid } from '../token-problem.ts';
import { authenticateClient, type IntrospectionClient } from './client-authentication.ts';

export interface QuestionParts {
  readonly issuer: string;
  /** Where to ask; absent: where the issuer's metadata says. */
  readonly endpoint: string | undefined;
  readonly client: () => IntrospectionClient;
  readonly discovery: Discovery;
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const BYTES_MAX = 65_536;
const TIMEOUT_MS = 5000;

/** Asks the issuer about a token (RFC 7662 §2.1). Rejects with an OutProblem where it gives no answer. */
export async function askAbout(token: string, parts: QuestionParts): Promise<unknown> {
  const { issuer, client, fetch, now } = parts;
  const url = parts.endpoint ?? (await endpointOf(parts.discovery));
  const { headers, parameters } = await authenticateClient(client(), issuer, now());
  const body = new URLSearchParams({ token, token_type_hint: 'access_token', ...parameters });
  const { status, value } = await ask(
    {
      url,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: body.toString(),
      bytesMax: BYTES_MAX,
      timeoutMs: TIMEOUT_MS,
    },
    fetch,
  );
  return status === 200 ? value : refused(status);
}

/**
 * What an issuer, or a filter before it, says of a question that it does not like: malformed, forbidden,
 * too large. Of all that we send, only the token is the caller's.
 */
const OF_THE_TOKEN: ReadonlySet<number> = new Set([400, 403, 413, 414, 422, 431]);

function refused(status: number): never {
  if (OF_THE_TOKEN.has(status)) invalid(`the issuer refuses it with ${String(status)}`);
  if (status >= 500) throw new OutFailure('the issuer fails');
  throw new OutProblem(
    status === 401
      ? 'the issuer does not let this server ask'
      : 'the issuer does not answer the question',
  );
}

async function endpointOf(discovery: Discovery): Promise<string> {
  const { introspectionUrl } = await discovery.metadata();
  if (introspectionUrl === undefined) throw new OutProblem('the issuer offers no introspection');
  return introspectionUrl;
}
