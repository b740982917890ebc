import type { AuditEvent } from './audit-event.ts';
import type { Sink } from './sink.ts';

/** An event as it is written: one JSON line. */
export type AuditRecord = AuditEvent & {
  readonly v: 1;
  /** Counts from 1 in each run, so that a missing line shows. */
  readonly seq: number;
  readonly ts: string;
  readonly server: string;
  /** Names this run of the server. With `seq` it names the event. */
  readonly instance: string;
};

/**
 * Adds evidence to a record before it is written. The hash chain takes this place; until then a
 * record is written as it is.
 */
export type Seal = (record: AuditRecord) => AuditRecord;

export interface AuditOptions {
  readonly server: string;
  readonly sink: Sink;
  readonly seal?: Seal;
  readonly now?: () => Date;
}

/** The trail of what callers did and were refused. */
export interface Audit {
  /**
   * Hands an event to the sink before the caller gets an answer.
   *
   * Throws when the sink cannot take it, and the call is refused then. A file takes it at once or
   * throws; stderr takes everything, and drops what its reader does not read.
   */
  record(event: AuditEvent): void;
}

export function createAudit(options: AuditOptions): Audit {
  const { server, seal, now = () => new Date() } = options;
  const sink = visibly(options.sink);
  const instance = `${now().getTime().toString(36)}-${process.pid.toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  let seq = 0;
  return {
    record(event) {
      seq += 1;
      const ts = now().toISOString();
      const record: AuditRecord = { v: 1, seq, ts, server, instance, ...event };
      sink.write(JSON.stringify(seal?.(record) ?? record));
    },
  };
}

/**
 * What draws nothing, reorders what is drawn, or means nothing to others. JSON holds no line end but the
 * one that ends a record.
 */
const HIDDEN = /[[\p{C}\p{Zl}\p{Zp}\p{DI}\u2800\u{1D159}]--[\n]]/gv;

/**
 * Writes JSON in which every character is seen. A name that an issuer or a file system gave could
 * otherwise look like another's to whoever reads the trail; for a program it is the same text.
 */
function visibly(sink: Sink): Pick<Sink, 'write'> {
  return { write: (json) => sink.write(json.replace(HIDDEN, escapeOf)) };
}

function escapeOf(hidden: string): string {
  const units = Array.from({ length: hidden.length }, (_, at) => hidden.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
