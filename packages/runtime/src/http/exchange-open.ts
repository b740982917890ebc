import type { IncomingMessage, ServerResponse } from 'node:http';

import { ClientGone } from './client-gone.ts';
import type { Exchange } from './exchange.ts';

/** Watches a request until its answer is complete or its client is gone. */
export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone());
  });
  // What a socket reports besides its end changes nothing here, and unheard it would end the process.
  response.on('error', () => undefined);
  return { request, response, since: performance.now(), signal: controller.signal };
}

/** Calls back once an exchange is over, however it ended; at once, where it is. */
export function whenOver({ response }: Exchange, then: () => void): void {
  if (response.closed) then();
  else response.once('close', then);
}
