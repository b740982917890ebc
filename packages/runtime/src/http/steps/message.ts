import { TextDecoder } from 'node:util';

import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { parseStrictJson } from '@secure-mcp/validation';

import { checkMessage, METHOD_NOT_FOUND, PARSE_ERROR } from '../../mcp/message.ts';
import { refuseHttp } from '../refusals.ts';

/** A byte order mark is kept, so that it is no JSON (RFC 8259 §8.1). */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one JSON-RPC message that every reader reads alike. The same rules hold for a line over stdio. */
export function readMessage(bytes: Uint8Array): JSONRPCMessage {
  const text = decode(bytes);
  const json = parseStrictJson(text);
  if (!json.ok) refuseHttp('http.json', { rpcCode: PARSE_ERROR, reason: json.problem });
  const verdict = checkMessage(json.value, text.length);
  if (verdict.ok) return verdict.message;
  const { id, code, reason } = verdict;
  refuseHttp(code === METHOD_NOT_FOUND ? 'http.rpc_method' : 'http.message', {
    rpcCode: code,
    id,
    reason,
  });
}

/** The id that an answer to a message bears; null where it has none. */
export function idOf(message: JSONRPCMessage): string | number | null {
  return 'id' in message && message.id !== undefined ? message.id : null;
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return refuseHttp('http.json', { rpcCode: PARSE_ERROR, reason: 'not UTF-8' });
  }
}
