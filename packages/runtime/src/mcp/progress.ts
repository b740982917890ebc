import type { ServerContext } from '@modelcontextprotocol/server';

/** A client that shows progress needs no more; one that logs it should not drown. */
const INTERVAL_MS = 100;

/** Sends progress to a client that asked for it with a token, ever increasing, at most ten times a second. */
export function progressReporter({
  mcpReq,
}: ServerContext): (done: number, message?: string) => void {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  let last = { done: -1, at: -Infinity };
  return (done, message) => {
    const at = performance.now();
    if (done <= last.done || at - last.at < INTERVAL_MS || mcpReq.signal.aborted) return;
    last = { done, at };
    const params = { progressToken, progress: done, ...(message !== undefined && { message }) };
    // A connection that closes meanwhile ends the call by its signal; nobody is left to be told.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}
