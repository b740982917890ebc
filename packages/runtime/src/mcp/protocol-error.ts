import type { JSONRPCMessage, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

/** What the codes of JSON-RPC and MCP mean, in our words. */
const SENTENCES: ReadonlyMap<number, string> = new Map([
  [-32_700, 'The content is not JSON.'],
  [-32_600, 'The request is not valid.'],
  [-32_601, 'There is no such method.'],
  [-32_602, 'The parameters of the request are not valid.'],
  [-32_603, 'Internal error.'],
  [-32_020, 'The headers and the content of the request disagree, or a header is missing.'],
  [-32_021, 'The request needs a capability that the client did not declare.'],
  [-32_022, 'This version of the protocol is not supported.'],
]);
const OTHER = 'The request cannot be served.';

/** The error of a JSON-RPC answer, with what may be said of it. */
export const rpcError = z.object({
  code: z.int(),
  data: z
    .object({
      /** Of this server: a client chooses its next try by it. */
      supported: z.array(z.string()).optional(),
      /** MCP demands that it is repeated; so it is one word, of the kind that versions are. */
      requested: z
        .string()
        .regex(/^[\w.-]{1,32}$/)
        .optional()
        .catch('unknown'),
      requiredCapabilities: z.looseObject({}).optional(),
    })
    .optional()
    .catch(undefined),
});

interface Worded {
  readonly code: number;
  readonly message: string;
  readonly data?: object;
}

/** The same error in our words. */
export function inOurWords({ code, data }: z.output<typeof rpcError>): Worded {
  const message = SENTENCES.get(code) ?? OTHER;
  return { code, message, ...(data !== undefined && { data }) };
}

/** The data of errors that our own handlers threw: they are in our words, and recorded. */
const ours = new WeakSet<object>();

/** Marks the data of an error as ours. */
export function ourData<Data extends object>(data: Data): Data {
  ours.add(data);
  return data;
}

/** What the SDK says where it refuses a request by itself. */
interface SdkRefusal {
  readonly message: JSONRPCMessage;
  readonly code: number;
}

/**
 * The answer to a request that the SDK refused by itself, before any handler of ours, in our words.
 * Its own repeat names and values of the request, and whatever reads them, a model or a log, takes them for
 * the server's. Undefined for every other message.
 */
export function sdkRefusal(message: JSONRPCMessage): SdkRefusal | undefined {
  if (!('error' in message)) return undefined;
  const { error, id } = message;
  const { data } = error;
  if (typeof data === 'object' && data !== null && ours.has(data)) return undefined;
  const worded = inOurWords(rpcError.parse(error));
  return {
    message: { jsonrpc: '2.0', ...(id !== undefined && { id }), error: { ...worded } },
    code: worded.code,
  };
}

/**
 * Tells of each request that the SDK's server refuses by itself, and puts our words in place of its.
 * Over HTTP such an answer of the 2025 era is a stream with the status of success, so that nothing but
 * its content shows what it is.
 */
export function heedRefusals(mcp: McpServer, onRefused: (code: number) => void): McpServer {
  const { server } = mcp;
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      const refusal = sdkRefusal(message);
      if (refusal !== undefined) onRefused(refusal.code);
      return send(refusal?.message ?? message, options);
    };
    return connect(transport);
  };
  return mcp;
}
