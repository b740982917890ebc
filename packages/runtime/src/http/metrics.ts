import { createHistogram, type Family, metricsText } from './metrics-text.ts';
import type { FrontMetrics } from './front-parts.ts';
import { DROP_REASONS, type DropReason } from './listener.ts';
import { HTTP_REFUSALS } from './refusals.ts';

/** What is measured when somebody asks. */
export interface Gauges {
  /** Requests under way. */
  live(): number;
  /** Open connections. */
  connections(): number;
  /** Whether the shared store answers; true where nothing is shared. */
  storeHealthy(): boolean;
  /** Whether all files that can change are valid. */
  configHealthy(): boolean;
}

export interface ServerMetrics extends FrontMetrics {
  /** A connection that was closed unheard. */
  dropped(reason: DropReason): void;
  reloaded(what: string, ok: boolean): void;
  /** A call that a limit held back, after the front had let its message through. */
  limited(): void;
  /** The text that Prometheus reads. */
  text(): string;
}

/** Upper bounds, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'];
/** Options that name files are few; what is more goes to `other`. */
const RELOADS_MAX = 32;

/**
 * Counts what the server does. Every label has few values and all of them are ours: one that a caller
 * could choose would let them fill the memory, or read what others do.
 */
export function createMetrics(gauges: Gauges): ServerMetrics {
  const requests = counters(STATUS_CLASSES);
  const refusals = counters(Object.keys(HTTP_REFUSALS));
  const drops = counters(DROP_REASONS);
  const reloads = new Map<string, number>();
  const took = createHistogram(BUCKETS);
  let limitHits = 0;

  const families = (): Family[] => [
    counter('http_requests_total', 'Requests that were answered, by class of status.', [
      ...labelled('status', requests),
    ]),
    counter('http_refusals_total', 'Requests that the front refused, by code.', [
      ...labelled('code', refusals),
    ]),
    counter('http_connections_dropped_total', 'Connections closed unheard, by reason.', [
      ...labelled('reason', drops),
    ]),
    counter('rate_limit_hits_total', 'Requests and calls that a rate limit held back.', [
      ['', limitHits],
    ]),
    counter('config_reloads_total', 'Changes of files, by option and outcome.', [...reloads]),
    ...gaugeFamilies(gauges),
  ];
  return {
    answered(status, milliseconds) {
      count(requests, `${String(Math.floor(status / 100))}xx`);
      took.add(milliseconds / 1000);
    },
    refused(code) {
      count(refusals, code);
      if (code === 'http.rate') limitHits += 1;
    },
    dropped: (reason) => count(drops, reason),
    reloaded(what, ok) {
      const labels = `what="${what}",outcome="${ok ? 'ok' : 'failed'}"`;
      const isKnown = reloads.has(labels) || reloads.size < RELOADS_MAX;
      const key = isKnown ? labels : 'what="other",outcome="other"';
      reloads.set(key, (reloads.get(key) ?? 0) + 1);
    },
    limited() {
      limitHits += 1;
    },
    text: () =>
      metricsText(families()) +
      took.text(
        'secure_mcp_http_request_duration_seconds',
        'How long requests took, from their first step to the head of their answer.',
      ),
  };
}

function counter(name: string, help: string, samples: Family['samples']): Family {
  return { name: `secure_mcp_${name}`, help, type: 'counter', samples };
}

function gaugeFamilies(gauges: Gauges): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: [['', value]],
  });
  const { rss, heapUsed } = process.memoryUsage();
  return [
    gauge('secure_mcp_http_requests_live', 'Requests under way.', gauges.live()),
    gauge('secure_mcp_http_connections', 'Open connections.', gauges.connections()),
    gauge(
      'secure_mcp_store_healthy',
      '1 where the store of limits answers.',
      Number(gauges.storeHealthy()),
    ),
    gauge(
      'secure_mcp_config_healthy',
      '1 where all files that can change are valid.',
      Number(gauges.configHealthy()),
    ),
    gauge('process_resident_memory_bytes', 'Memory of the process.', rss),
    gauge('nodejs_heap_size_used_bytes', 'Memory of the JavaScript heap in use.', heapUsed),
    gauge(
      'process_start_time_seconds',
      'When the process started, in seconds since 1970.',
      Math.round(performance.timeOrigin / 1000),
    ),
  ];
}

/** All values that a label can have, and one for what is none of them. */
function counters(values: readonly string[]): Map<string, number> {
  return new Map([...values, 'other'].map((value) => [value, 0]));
}

function count(counts: Map<string, number>, value: string): void {
  const key = counts.has(value) ? value : 'other';
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function labelled(label: string, counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].map(([value, total]) => [`${label}="${value}"`, total]);
}
