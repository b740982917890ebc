/**
 * What the front refuses, with the status of RFC 9110 and the one sentence that a caller sees for it.
 * Nothing of the request is ever repeated.
 */
export const HTTP_REFUSALS = {
  'http.address': [403, 'This address may not connect.'],
  'http.header': [400, 'A header is malformed, or came more than once.'],
  'http.pipelined': [400, 'A connection carries one request at a time.'],
  'http.target': [400, 'The request target must be a path without a query.'],
  'http.host': [403, 'This host name is not served here.'],
  'http.origin': [403, 'This origin may not use this server.'],
  'http.path': [404, 'There is nothing at this path.'],
  'http.method': [405, 'This path answers other methods only.'],
  'http.rate': [429, 'Too many requests. Wait before the next one.'],
  'http.busy': [503, 'Too many requests are under way. Try again later.'],
  'http.stopping': [503, 'The server is shutting down.'],
  'http.content_type': [415, 'The content must be application/json in UTF-8, not encoded.'],
  'http.accept': [406, 'The client must accept application/json and text/event-stream.'],
  'http.body_size': [413, 'The content is larger than the limit.'],
  'http.body_slow': [408, 'The content did not arrive in time.'],
  'http.json': [400, 'The content is not JSON with one meaning.'],
  'http.message': [400, 'The content is not one JSON-RPC message.'],
  'http.rpc_method': [404, 'There is no such method in this version of the protocol.'],
  'auth.missing': [401, 'A credential is required.'],
  'auth.invalid': [401, 'The credential is not accepted.'],
  'auth.unavailable': [503, 'Credentials cannot be verified now.'],
  'auth.scope': [403, 'The credential does not grant what this needs.'],
  'auth.resource': [403, 'There is no such resource, or you may not watch it.'],
  'audit.unavailable': [503, 'The request cannot be recorded, so it gets no answer.'],
  internal: [500, 'Internal error.'],
} as const satisfies Readonly<Record<string, readonly [status: number, sentence: string]>>;

export type HttpRefusalCode = keyof typeof HTTP_REFUSALS;

export interface HttpRefusalOptions {
  /** Headers of the answer, such as `WWW-Authenticate`, `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Why, for the audit trail only. It holds nothing of a credential. */
  readonly detail?: string;
  /** Why, for the caller and the audit trail: words of our own, as a schema's issue is described. */
  readonly reason?: string;
  /** The JSON-RPC code of the answer's body; -32600 unless told otherwise. */
  readonly rpcCode?: number;
  /** The id of the JSON-RPC request, where it is known to be one. */
  readonly id?: string | number | null;
  /** When a retry can succeed, in milliseconds. It becomes `Retry-After`. */
  readonly retryAfterMs?: number;
  /** True where the connection cannot be used on: its framing or its peer is not to be trusted. */
  readonly close?: boolean;
}

/** The front's "no" to one request. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly code: HttpRefusalCode;
  readonly options: HttpRefusalOptions;

  constructor(code: HttpRefusalCode, options: HttpRefusalOptions = {}) {
    super(HTTP_REFUSALS[code][1]);
    this.code = code;
    this.options = options;
  }

  get status(): number {
    return HTTP_REFUSALS[this.code][0];
  }
}

/** Ends the way of a request through the front. */
export function refuseHttp(code: HttpRefusalCode, options?: HttpRefusalOptions): never {
  throw new HttpRefusal(code, options);
}
