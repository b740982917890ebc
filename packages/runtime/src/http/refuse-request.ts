import type { IncomingMessage } from 'node:http';

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
import type { RefusalNews, RefusalTrail } from './refusal-trail.ts';
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
  parts: RefuseParts,
  exchange: Exchange,
  notes: Notes,
  error: unknown,
): Promise<void> {
  const { connections, logger, rules } = parts;
  const { request, response } = exchange;
  if (error instanceof ClientGone) return;
  const reference = error instanceof HttpRefusal ? undefined : crypto().randomUUID();
  if (reference !== undefined) logger.error('a request failed', { reference, error });
  const refusal = error instanceof HttpRefusal ? error : new HttpRefusal('internal');
  const { close = false } = refusal.options;
  // At once: what follows on this connection is judged before anything else happens.
  if (close) connections.distrust(request.socket);
  const { code, options } = refusal;
  const detail = options.detail ?? options.reason;
  recordRefusal(parts, request, notes, { code, status: refusal.status, detail, reference });
  // Half an answer must not look like a whole one.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  notes.answeredAt = performance.now();
  const { status, headers, body } = refusalAnswer(refusal, notes.id ?? null, reference);
  const whole = { status, body, headers: { ...notes.fields, ...headers } };
  const { unreadMs } = rules;
  await writePlain(exchange, whole, { close, unreadMs }).catch(() => response.destroy());
}

/** What is told of a refusal beside its origin. */
type Told = Pick<RefusalNews, 'code' | 'status' | 'detail' | 'reference'>;

/** Counts and records a refusal. */
export function recordRefusal(
  { trail, metrics }: Pick<RefuseParts, 'trail' | 'metrics'>,
  { socket }: IncomingMessage,
  notes: Notes,
  told: Told,
): void {
  const address = notes.address ?? parseAddress(socket.remoteAddress ?? '');
  const principal = notes.verified?.principal.id;
  metrics.refused(told.code);
  trail.record({
    ...told,
    source: originOf(notes, address?.ip ?? ''),
    origin: principal ?? address?.key ?? '',
    principal,
  });
}

function originOf({ address, verified }: Notes, ip: string): AuditedSource {
  if (address === undefined) return { address: ip };
  if (verified !== undefined) return sourceOf(verified, address);
  return { address: ip, ...(address.forwarded && { forwarded: true }) };
}
