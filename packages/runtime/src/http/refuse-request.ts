import type { IncomingMessage } from 'node:http';

import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { AuditedSource } from '@secure-mcp/logging';

import { crypto } from '../crypto.ts';
import { sourceOf } from './callers.ts';
import { ClientGone } from './client-gone.ts';
import type { Connections } from './connections.ts';
import type { Exchange } from './exchange.ts';
import type { FrontParts } from './front-parts.ts';
import { parseAddress } from './ip-address.ts';
import type { Notes } from './notes.ts';
import { refusalAnswer } from './refusal-answer.ts';
import type { RefusalTrail } from './refusal-trail.ts';
import { HttpRefusal } from './refusals.ts';
import { writePlain } from './respond.ts';

export interface RefuseParts extends FrontParts {
  readonly connections: Connections;
  readonly trail: RefusalTrail;
}

/**
 * Ends the way of a request: a refusal is counted, recorded and answered; what is none is answered by a
 * reference, under which the log has the cause. Where the client is gone, nobody is answered.
 */
export async function refuseRequest(
  { connections, trail, metrics, logger, rules }: RefuseParts,
  exchange: Exchange,
  notes: Notes,
  error: unknown,
): Promise<void> {
  const { request, response } = exchange;
  if (error instanceof ClientGone) return;
  const reference = error instanceof HttpRefusal ? undefined : crypto().randomUUID();
  if (reference !== undefined) logger.error('a request failed', { reference, error });
  const refusal = error instanceof HttpRefusal ? error : new HttpRefusal('internal');
  const { close = false } = refusal.options;
  // At once: what follows on this connection is judged before anything else happens.
  if (close) connections.distrust(request.socket);
  metrics.refused(refusal.code);
  record(trail, request, notes, { refusal, reference });
  // Half an answer must not look like a whole one.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  notes.answeredAt = performance.now();
  const { status, headers, body } = refusalAnswer(refusal, idOf(notes.message), reference);
  const whole = { status, body, headers: { ...notes.fields, ...headers } };
  const { unreadMs } = rules;
  await writePlain(exchange, whole, { close, unreadMs }).catch(() => response.destroy());
}

function record(
  trail: RefusalTrail,
  { socket }: IncomingMessage,
  notes: Notes,
  { refusal, reference }: { readonly refusal: HttpRefusal; readonly reference: string | undefined },
): void {
  const { code, status, options } = refusal;
  const address = notes.address ?? parseAddress(socket.remoteAddress ?? '');
  const principal = notes.verified?.principal.id;
  trail.record({
    code,
    status,
    source: originOf(notes, address?.ip ?? ''),
    origin: principal ?? address?.key ?? '',
    detail: options.detail ?? options.reason,
    principal,
    reference,
  });
}

function originOf({ address, verified }: Notes, ip: string): AuditedSource {
  if (address === undefined) return { address: ip };
  if (verified !== undefined) return sourceOf(verified, address);
  return { address: ip, ...(address.forwarded && { forwarded: true }) };
}

function idOf(message: JSONRPCMessage | undefined): string | number | null {
  return message !== undefined && 'id' in message ? (message.id ?? null) : null;
}
