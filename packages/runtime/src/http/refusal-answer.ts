import type { PlainAnswer } from './exchange.ts';
import type { HttpRefusal } from './refusals.ts';

const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;

/** What a caller is told of a refusal: a sentence and a code of ours, and nothing of what it sent. */
export function refusalAnswer(
  { code, status, message, options }: HttpRefusal,
  id: string | number | null,
  reference: string | undefined,
): PlainAnswer {
  const { headers, rpcCode, reason, retryAfterMs } = options;
  const fallback = status >= 500 ? INTERNAL_ERROR : INVALID_REQUEST;
  const data = {
    code,
    ...(reason !== undefined && { reason }),
    ...(reference !== undefined && { reference }),
  };
  const error = { code: rpcCode ?? fallback, message, data };
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...headers,
      // Rounded up: a client that comes back a moment too early is refused once more.
      ...(retryAfterMs !== undefined && { 'retry-after': seconds(retryAfterMs) }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: options.id ?? id, error }),
  };
}

function seconds(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds / 1000)));
}
