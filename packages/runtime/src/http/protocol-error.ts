import * as z from 'zod';

import { inOurWords, rpcError } from '../mcp/protocol-error.ts';
import type { HttpRefusalCode } from './refusals.ts';

const protocolError = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  error: rpcError,
});

/** The SDK's answer as it may be said, and the code of JSON-RPC where it refused the request by itself. */
export interface Said {
  readonly answer: Response;
  readonly refused?: number;
}

/**
 * Puts our words in place of the SDK's where it refuses a request by itself, before any tool: its words
 * repeat names, headers and values of the request, and whatever reads them, a model or a log, takes them
 * for the server's. Throws where the SDK has failed: then it is a fault like any other.
 */
export async function withoutEcho(answer: Response): Promise<Said> {
  const { status } = answer;
  // What it says with the status of success, the bridge has put into our words.
  if (status < 400) return { answer };
  if (status >= 500) throw new Error('the SDK failed to serve a request');
  if (answer.headers.get('content-type')?.startsWith('application/json') !== true)
    return { answer };
  const text = await answer.text();
  const body = parsed(text);
  const headers = new Headers(answer.headers);
  // No JSON-RPC: it is not an error of the SDK's, and somebody of ours has written it.
  if (body === undefined) return { answer: new Response(text, { status, headers }) };
  const { id = null, error } = body;
  const worded = Response.json(
    { jsonrpc: '2.0', id, error: inOurWords(error) },
    { status, headers },
  );
  return { answer: worded, refused: error.code };
}

function parsed(text: string): z.output<typeof protocolError> | undefined {
  try {
    return protocolError.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A request that the SDK refused by itself, as it is recorded. */
export interface SdkRefused {
  readonly code: HttpRefusalCode;
  readonly status: number;
  readonly detail: string;
}

/** What is known of one request, until it is told. */
export interface RefusalWatch {
  refused(rpcCode: number): void;
  answered(status: number): void;
}

/**
 * Tells once, when both are known: the answer can begin before the SDK has judged the request. What of it
 * was refused is added, where the code tells.
 */
export function watchRefusal(
  tell: (refused: SdkRefused) => void,
  partOf: (rpcCode: number) => string | undefined,
): RefusalWatch {
  let rpcCode: number | undefined;
  let status: number | undefined;
  let told = false;
  const look = (): void => {
    if (told || rpcCode === undefined || status === undefined) return;
    told = true;
    const part = partOf(rpcCode);
    const detail = `JSON-RPC ${String(rpcCode)}${part === undefined ? '' : `: ${part}`}`;
    tell({ code: CODES.get(rpcCode) ?? 'http.message', status, detail });
  };
  return {
    refused(code) {
      rpcCode ??= code;
      look();
    },
    answered(known) {
      status = known;
      look();
    },
  };
}

const CODES: ReadonlyMap<number, HttpRefusalCode> = new Map([
  [-32_601, 'http.rpc_method'],
  [-32_603, 'internal'],
]);
