import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import * as z from 'zod';

const LISTEN = z.looseObject({
  notifications: z
    .looseObject({ resourceSubscriptions: z.array(z.string()).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** True for the request that opens a stream of notifications. */
export function isListen(message: JSONRPCMessage): boolean {
  return 'method' in message && message.method === 'subscriptions/listen';
}

/** The resources whose changes it asks for. */
export function watchedUris(message: JSONRPCMessage): readonly string[] {
  const params = 'params' in message ? message.params : undefined;
  return LISTEN.parse(params ?? {}).notifications?.resourceSubscriptions ?? [];
}
