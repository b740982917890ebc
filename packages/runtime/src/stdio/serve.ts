import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Audit, Logger } from '@secure-mcp/logging';

import type { Application } from '../application.ts';
import type { Caller } from '../call/dispatch.ts';
import { buildMcpServer } from '../mcp/register.ts';
import { createStdioTransport } from './transport.ts';

/** Open `subscriptions/listen` requests. We announce no change of any list, so none is needed. */
const SUBSCRIPTIONS_MAX = 4;
/** How long running calls may go on after a signal to stop, in milliseconds. */
const DRAIN_MS = 2000;
/** How long a client may take to read the last answers, in milliseconds. */
const SETTLE_MS = 1000;

export interface StdioParts<Context> {
  readonly app: Application<Context>;
  readonly caller: Caller;
  readonly audit: Audit;
}

/**
 * Serves one client over stdin and stdout, of either protocol era. Resolves when the client has gone
 * or a signal has stopped the server.
 */
export async function serveOverStdio<Context>({
  app,
  caller,
  audit,
}: StdioParts<Context>): Promise<void> {
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  const transport = createStdioTransport({
    input: process.stdin,
    output: process.stdout,
    onRefused: (reason) => recordRefused(audit, app.logger, reason),
  });
  const server = serveStdio(() => buildMcpServer(app, caller, transport), {
    transport,
    maxSubscriptions: SUBSCRIPTIONS_MAX,
    onerror: (error) => app.logger.debug('protocol error', { error }),
  });
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    leave();
  };
  const stop = (): void => {
    // Running calls may finish; new ones are refused. A second signal does not wait.
    process.once('SIGINT', leave).once('SIGTERM', leave);
    void app.dispatch
      .drain(DRAIN_MS)
      .then(() => transport.settle(SETTLE_MS))
      .then(leave);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await gone;
  await server.close();
  // The client has gone and its calls are aborted: give them a moment to let go of what they hold.
  await app.dispatch.drain(DRAIN_MS);
}

/** The message is refused either way; a trail that is down must not end the process from a stream's event. */
function recordRefused(audit: Audit, logger: Logger, reason: string): void {
  try {
    audit.record({ type: 'input.invalid', outcome: 'deny', reason, transport: 'stdio' });
  } catch (error) {
    logger.error('the audit trail cannot be written', { error });
  }
}
