import type { Headers, PlainAnswer } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';
import { DOCUMENT_PREFLIGHT, isPreflight } from './cors.ts';

/** What stands at fixed paths beside MCP. */
export type Documents = ReadonlyMap<string, () => PlainAnswer>;

/**
 * Finds a document. It stands before `Host` and `Origin`: it is the same for everybody, holds nothing
 * of anybody, and a probe that asks by the address of a container has no name to put into `Host`.
 */
export function findDocument(
  method: string | undefined,
  path: string,
  { headers, documents }: { readonly headers: Headers; readonly documents: Documents },
): PlainAnswer | undefined {
  const document = documents.get(path);
  if (document === undefined) return undefined;
  if (method === 'GET' || method === 'HEAD') return document();
  const isOpen = document().headers['access-control-allow-origin'] === '*';
  return isOpen && isPreflight(method, headers) ? DOCUMENT_PREFLIGHT : undefined;
}

/** Lets through what speaks MCP: one path, and POST only. There are no sessions, so there is nothing to GET or DELETE. */
export function requireMcpRoute(
  method: string | undefined,
  path: string,
  { mcpPath, documents }: { readonly mcpPath: string; readonly documents: Documents },
): void {
  if (documents.has(path)) refuseHttp('http.method', { headers: { allow: 'GET, HEAD' } });
  if (path !== mcpPath) refuseHttp('http.path');
  if (method !== 'POST') refuseHttp('http.method', { headers: { allow: 'POST' } });
}
