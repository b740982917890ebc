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

const protocolError = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  error: z.object({
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
  }),
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
  const { code, data } = error;
  const said = { code, message: SENTENCES.get(code) ?? OTHER, ...(data !== undefined && { data }) };
  const worded = Response.json({ jsonrpc: '2.0', id, error: said }, { status, headers });
  return { answer: worded, refused: code };
}

function parsed(text: string): z.output<typeof protocolError> | undefined {
  try {
    return protocolError.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
