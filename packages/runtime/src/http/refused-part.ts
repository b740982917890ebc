import { type JSONRPCMessage, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';

import type { Headers } from './exchange.ts';

const HEADER_MISMATCH = -32_020;
const INVALID_PARAMS = -32_602;

/** What a request of 2026 says of itself, without which it is of no version. */
const META_KEYS = ['protocolVersion', 'clientInfo', 'clientCapabilities'].map(
  (name) => `io.modelcontextprotocol/${name}`,
);

type Members = Readonly<Record<string, unknown>>;

/**
 * Says by the code of a refusal which header or which member the SDK refused a request for: for the trail,
 * in words that are ours, because its own repeat what was sent. Undefined where the code says it all.
 *
 * It looks at once where the SDK will look, and keeps nothing of the request.
 */
export function refusedPart(
  headers: Headers,
  message: JSONRPCMessage,
): (rpcCode: number) => string | undefined {
  const method = 'method' in message ? message.method : undefined;
  const params: Members = ('params' in message ? message.params : undefined) ?? {};
  const meta = membersOf(params['_meta']);
  const header = disagreeing(headers, { method, params, meta });
  const member = lacking(headers, meta);
  return (rpcCode) => {
    if (rpcCode === HEADER_MISMATCH) return header;
    return rpcCode === INVALID_PARAMS ? member : undefined;
  };
}

function disagreeing(
  headers: Headers,
  {
    method,
    params,
    meta,
  }: { readonly method: string | undefined; readonly params: Members; readonly meta: Members },
): string {
  const version = meta[PROTOCOL_VERSION_META_KEY];
  if (version !== undefined && headers.get('mcp-protocol-version') !== version)
    return 'the header MCP-Protocol-Version';
  if (headers.get('mcp-method') !== method) return 'the header Mcp-Method';
  const name = params['name'] ?? params['uri'];
  return headers.get('mcp-name') === name ? 'a header' : 'the header Mcp-Name';
}

function lacking(headers: Headers, meta: Members): string {
  const missing = META_KEYS.find((key) => meta[key] === undefined);
  const isModern = headers.has('mcp-method') || META_KEYS.some((key) => meta[key] !== undefined);
  return isModern && missing !== undefined ? `no params._meta[${missing}]` : 'params';
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
