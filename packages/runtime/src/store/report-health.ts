import type { Audit, Logger } from '@secure-mcp/logging';

/** Tells the trail and the log of each change, once. */
export function healthReporter({
  audit,
  logger,
}: {
  readonly audit: Audit;
  readonly logger: Logger;
}): (up: boolean, reason?: string) => void {
  let wasDown = false;
  return (up, reason) => {
    // At a start that is as it should be.
    if (up) logger[wasDown ? 'warn' : 'info']('the shared store answers: limits are shared');
    else
      logger.error('the shared store is down: limits are counted here, and stricter', { reason });
    wasDown = !up;
    try {
      audit.record(
        up
          ? { type: 'store.up', outcome: 'allow' }
          : { type: 'store.down', outcome: 'error', ...(reason !== undefined && { reason }) },
      );
    } catch (error) {
      // Requests are refused while the trail cannot be written. This is none.
      logger.error('the audit trail cannot be written', { error });
    }
  };
}
