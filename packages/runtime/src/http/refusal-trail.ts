import type {
  Audit,
  AuditedSource,
  AuditEvent,
  HttpEvent,
  LeftOutEvent,
  Logger,
  Outcome,
} from '@secure-mcp/logging';

import type { HttpRefusalCode } from './refusals.ts';

/** One refusal, as it is known to the front. */
export interface RefusalNews {
  readonly code: HttpRefusalCode;
  readonly status: number;
  readonly source: AuditedSource;
  /** By what refusals of one origin are alike: the limits' key of its address, or the caller's id. */
  readonly origin: string;
  readonly detail?: string | undefined;
  readonly principal?: string | undefined;
  readonly reference?: string | undefined;
}

/** The trail of refusals, which never fails and never grows faster than it may. */
export interface RefusalTrail {
  record(news: RefusalNews): void;
  /** Writes what was counted and not recorded, as much as the bounds let. */
  flush(): void;
  /** Writes all that was counted and not recorded. The server calls it at its end. */
  end(): void;
}

export interface RefusalTrailParts {
  readonly audit: Audit;
  readonly logger: Logger;
  /** Milliseconds on a clock that only goes on. */
  readonly now?: () => number;
}

/** Records of one code and one origin: so many at once, and one more in so many milliseconds. */
const ALIKE = { burst: 5, everyMs: 10_000 };
/** Records of one type, of whatever origin. At 400 bytes each, a flood writes 170 MB in a day. */
const OVERALL = { burst: 200, everyMs: 200 };
/** Origins that are remembered. An attacker with a network has more addresses than we have memory. */
const ORIGINS_MAX = 4096;
/** How long a count may wait for its record, in milliseconds. */
const FLUSH_MS = 10_000;

type Type = HttpEvent['type'];

interface Alike {
  readonly bucket: Bucket;
  leftOut: number;
  last: RefusalNews;
}

/**
 * Records refusals, each once where that is possible, and counts them where it is not.
 *
 * Whoever is refused can be refused a thousand times a second, and a disk that is full ends the
 * service of everybody, because nothing is served that cannot be recorded. The flood of one origin
 * uses up its own share only, so that it cannot hide what another one does meanwhile.
 */
export function createRefusalTrail(parts: RefusalTrailParts): RefusalTrail {
  const { now = () => performance.now() } = parts;
  const write = createWriter(parts);
  const bucketOf = createOverall(now);
  const origins = new Map<string, Alike>();
  const forgotten = createForgotten(write);
  let timer: NodeJS.Timeout | undefined;

  const alikeOf = (news: RefusalNews): Alike => {
    const key = `${news.code} ${news.origin}`;
    const alike = origins.get(key) ?? { bucket: createBucket(ALIKE, now), leftOut: 0, last: news };
    alike.last = news;
    // Taken out and put back, the oldest come first.
    origins.delete(key);
    origins.set(key, alike);
    for (const [oldest, former] of origins) {
      if (origins.size <= ORIGINS_MAX) break;
      origins.delete(oldest);
      forgotten.add(former);
    }
    return alike;
  };

  const later = (): void => void (timer ??= setTimeout(flush, FLUSH_MS).unref());

  /** What could not be written is counted on. */
  const put = (alike: Alike): void => {
    const isWritten = write(eventOf(alike.last, alike.leftOut));
    alike.leftOut = isWritten ? 0 : alike.leftOut + 1;
    if (!isWritten) later();
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!forgotten.write((type) => bucketOf(type).take())) later();
    for (const alike of origins.values()) {
      if (alike.leftOut === 0) continue;
      if (bucketOf(typeOf(alike.last.code)).take()) {
        alike.leftOut -= 1;
        put(alike);
      } else later();
    }
  };

  return {
    record(news) {
      const alike = alikeOf(news);
      if (alike.bucket.take() && bucketOf(typeOf(news.code)).take()) {
        put(alike);
        return;
      }
      alike.leftOut += 1;
      later();
    },
    flush,
    end() {
      flush();
      // Nobody waits for a bucket any more: one record for each type holds what is left.
      for (const alike of origins.values()) forgotten.add(alike);
      forgotten.write(() => true);
      clearTimeout(timer);
    },
  };
}

/** One bucket for each type, so that a flood of one does not hide another. */
function createOverall(now: () => number): (type: Type) => Bucket {
  const buckets = new Map<Type, Bucket>();
  return (type) => {
    const bucket = buckets.get(type) ?? createBucket(OVERALL, now);
    buckets.set(type, bucket);
    return bucket;
  };
}

type Write = (event: AuditEvent) => boolean;

/** Counts of origins that are no longer remembered: they are put down to nobody else. */
function createForgotten(write: Write) {
  const counts = new Map<Type, number>();
  return {
    /** Takes over what was counted. */
    add(alike: Alike): void {
      const type = typeOf(alike.last.code);
      if (alike.leftOut > 0) counts.set(type, (counts.get(type) ?? 0) + alike.leftOut);
      alike.leftOut = 0;
    },
    /** Writes those that may be written. False where a count stays. */
    write(mayWrite: (type: Type) => boolean): boolean {
      for (const [type, leftOut] of counts)
        if (mayWrite(type) && write(sumOf(type, leftOut))) counts.delete(type);
      return counts.size === 0;
    },
  };
}

/** The refusal stands, recorded or not. A trail that is down is told to the log once, not for each refusal. */
function createWriter({ audit, logger }: RefusalTrailParts): Write {
  let failing = false;
  return (event) => {
    try {
      audit.record(event);
      failing = false;
      return true;
    } catch (error) {
      if (!failing) logger.error('the audit trail cannot be written', { error });
      failing = true;
      return false;
    }
  };
}

function sumOf(reason: Type, leftOut: number): LeftOutEvent {
  const outcome = reason === 'ratelimit.hit' ? 'limit' : 'deny';
  return { type: 'refusals.left_out', outcome, reason, transport: 'http', left_out: leftOut };
}

function eventOf(news: RefusalNews, leftOut: number): HttpEvent {
  const { code, status, source, detail, principal, reference } = news;
  return {
    type: typeOf(code),
    outcome: outcomeOf(code),
    reason: code,
    ...(detail !== undefined && { detail }),
    status,
    transport: 'http',
    source,
    ...(principal !== undefined && { principal }),
    ...(reference !== undefined && { error_ref: reference }),
    ...(leftOut > 0 && { left_out: leftOut }),
  };
}

const LIMITS: ReadonlySet<HttpRefusalCode> = new Set(['http.rate', 'http.busy']);
const FAULTS: ReadonlySet<HttpRefusalCode> = new Set([
  'internal',
  'auth.unavailable',
  'audit.unavailable',
]);

function typeOf(code: HttpRefusalCode): Type {
  if (LIMITS.has(code)) return 'ratelimit.hit';
  if (code === 'auth.scope' || code === 'auth.resource') return 'auth.scope';
  return code.startsWith('auth.') ? 'auth.failure' : 'http.refused';
}

function outcomeOf(code: HttpRefusalCode): Outcome {
  if (LIMITS.has(code)) return 'limit';
  return FAULTS.has(code) ? 'error' : 'deny';
}

interface Bucket {
  /** True where one more may be. */
  take(): boolean;
}

function createBucket(
  { burst, everyMs }: { readonly burst: number; readonly everyMs: number },
  now: () => number,
): Bucket {
  let left = burst;
  let at = now();
  return {
    take() {
      const time = now();
      left = Math.min(burst, left + (time - at) / everyMs);
      at = time;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
