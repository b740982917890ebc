import type { Counted, Vitals } from '../adapter/questions/index.ts';

/** What is looked at, in the order in which it is told. */
export const CHECKS = [
  'cache',
  'connections',
  'transactions',
  'wraparound',
  'dead_rows',
  'never_analyzed',
  'invalid_indexes',
  'duplicate_indexes',
  'unused_indexes',
  'sequences',
  'replication',
  'statistics_age',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `unknown` is what a role that cannot look has to say: never that all is well. */
type Status = 'ok' | 'warn' | 'critical' | 'unknown';

/** One judgement. All of its words are ours; names come beside them. */
export interface Judgement {
  readonly status: Status;
  readonly value?: number;
  readonly unit?: string;
  readonly evidence: string;
  readonly fix?: string;
  /** The finding whose names belong to it. */
  readonly finding?: string;
}

export interface Seen {
  readonly vitals: Vitals;
  readonly counted: readonly Counted[];
}

export function judge(check: CheckName, seen: Seen): Judgement {
  return JUDGES[check](seen);
}

const DAY_SECONDS = 86_400;
/** Younger counters say too little of what is never used. */
const COUNTED_DAYS_MIN = 7;
const WAL_KEPT_BYTES = 10_737_418_240;
const LAG_BYTES = 1_073_741_824;

const JUDGES: Readonly<Record<CheckName, (seen: Seen) => Judgement>> = {
  cache({ vitals: { blocks_hit: hit, blocks_read: read } }) {
    const evidence = 'Blocks found in shared buffers, of all that were asked for.';
    if (hit + read < 1000)
      return { status: 'unknown', evidence: 'Too few blocks were read to tell.' };
    const value = percent(hit / (hit + read));
    const status = value < 90 ? 'warn' : 'ok';
    return {
      status,
      value,
      unit: 'percent',
      evidence,
      ...fixOf(status, 'Look at top_queries by io; then at shared_buffers.'),
    };
  },

  connections({ vitals: { connections, connections_max: max } }) {
    const value = percent(connections / max);
    const status = level(value, 80, 95);
    const evidence = `${String(connections)} of ${String(max)} connections are in use.`;
    return {
      status,
      value,
      unit: 'percent',
      evidence,
      ...fixOf(status, 'Put a pooler in front, or close idle sessions.'),
    };
  },

  transactions({ vitals }) {
    const own = seconds(vitals.longest_own_transaction_seconds);
    if (!vitals.sees_all) {
      const evidence = `Only sessions of this role can be seen; the longest transaction of these runs for ${String(own)} s. pg_read_all_stats shows the others.`;
      return { status: 'unknown', value: own, unit: 'seconds', evidence };
    }
    const value = seconds(vitals.longest_transaction_seconds);
    const status = level(value, 300, 3600);
    const evidence =
      'The longest transaction in this database. It keeps VACUUM from removing dead rows.';
    return {
      status,
      value,
      unit: 'seconds',
      evidence,
      ...fixOf(status, 'See activity; set idle_in_transaction_session_timeout.'),
    };
  },

  wraparound({ vitals }) {
    const value = Math.max(vitals.transaction_age, vitals.multixact_age);
    // At two thousand million PostgreSQL stops; autovacuum starts in earnest at its own limit.
    const freezing = Math.max(
      vitals.transaction_age / vitals.freeze_age_max,
      vitals.multixact_age / vitals.multixact_freeze_age_max,
    );
    const status = value > 1_500_000_000 ? 'critical' : level(freezing, 1.5, 5);
    const evidence = 'Age of the oldest unfrozen transaction or multixact in this database.';
    return {
      status,
      value,
      unit: 'transactions',
      evidence,
      ...fixOf(
        status,
        'VACUUM (FREEZE) the oldest tables; look for what holds it up: long transactions, slots.',
      ),
    };
  },

  dead_rows: (seen) =>
    counting(seen, 'dead rows', {
      evidence: 'Tables with more than a fifth of dead rows',
      fix: 'VACUUM them, and let autovacuum come earlier (autovacuum_vacuum_scale_factor).',
    }),

  never_analyzed: (seen) =>
    counting(seen, 'never analyzed', {
      evidence: 'Tables with rows and without statistics',
      fix: 'ANALYZE them: without statistics plans are guesses.',
    }),

  invalid_indexes: (seen) =>
    counting(seen, 'invalid index', {
      evidence:
        'Indexes that are kept up to date and never used, as a failed CREATE INDEX CONCURRENTLY leaves them',
      fix: 'DROP INDEX CONCURRENTLY and build them again.',
    }),

  duplicate_indexes: (seen) =>
    counting(seen, 'duplicate index', {
      evidence: 'Indexes that do what another one does',
      fix: 'DROP INDEX CONCURRENTLY, after a look at who names it.',
    }),

  unused_indexes(seen) {
    const judged = counting(seen, 'unused index', {
      evidence: 'Indexes that were never scanned and hold no constraint',
      fix: 'Check the replicas, which count for themselves; then DROP INDEX CONCURRENTLY.',
    });
    const days = daysCounted(seen.vitals);
    if (days >= COUNTED_DAYS_MIN) return judged;
    const evidence = `${judged.evidence} The counters cover ${String(days)} days at least, which may be too few.`;
    return { ...judged, status: 'unknown', evidence };
  },

  sequences(seen) {
    const judged = counting(seen, 'sequence near its end', {
      evidence: 'Sequences that used up more than four fifths',
      fix: 'Widen the column and the sequence to bigint.',
    });
    const unknown = countOf(seen, 'sequence near its end')?.unknown ?? 0;
    if (unknown === 0) return judged;
    const evidence = `${judged.evidence} The role may not look at: ${String(unknown)}.`;
    return { ...judged, status: judged.status === 'ok' ? 'unknown' : judged.status, evidence };
  },

  replication({ vitals }) {
    const { slots, slots_inactive: inactive, replicas, sees_all: seesAll } = vitals;
    const kept = vitals.slot_retained_bytes ?? 0;
    const evidence = `Slots: ${String(slots)}, inactive: ${String(inactive)}; replicas: ${String(replicas)}.`;
    if (inactive > 0 || kept > WAL_KEPT_BYTES) {
      const fix = 'Drop slots that nobody reads: they keep WAL until the disk is full.';
      return { status: 'warn', value: kept, unit: 'bytes of WAL kept', evidence, fix };
    }
    if (replicas > 0 && !seesAll) {
      return {
        status: 'unknown',
        evidence: `${evidence} pg_read_all_stats shows how far they are behind.`,
      };
    }
    return { ...lagOf(vitals), evidence };
  },

  statistics_age({ vitals }) {
    const value = daysCounted(vitals);
    const evidence = 'What counters say of scans, rows and blocks covers this time, or more.';
    return { status: value < 1 ? 'warn' : 'ok', value, unit: 'days', evidence };
  },
};

function lagOf(vitals: Vitals): Pick<Judgement, 'status' | 'value' | 'unit'> {
  if (vitals.standby) {
    const value = seconds(vitals.standby_lag_seconds);
    return { status: level(value, 300, 3600), value, unit: 'seconds behind' };
  }
  const value = vitals.replica_lag_bytes ?? 0;
  return { status: value > LAG_BYTES ? 'warn' : 'ok', value, unit: 'bytes behind' };
}

interface Words {
  readonly evidence: string;
  readonly fix: string;
}

function counting(seen: Seen, finding: string, { evidence, fix }: Words): Judgement {
  const found = countOf(seen, finding);
  const value = found?.count ?? 0;
  const unseen = value - (found?.named.length ?? 0);
  const status = value === 0 ? 'ok' : 'warn';
  const more = unseen > 0 ? ` Not named here: ${String(unseen)}.` : '';
  return {
    status,
    value,
    unit: 'count',
    evidence: `${evidence}: ${String(value)}.${more}`,
    finding,
    ...fixOf(status, fix),
  };
}

function countOf({ counted }: Seen, finding: string): Counted | undefined {
  return counted.find((each) => each.finding === finding);
}

function fixOf(status: Status, fix: string): { readonly fix?: string } {
  return status === 'ok' ? {} : { fix };
}

function level(value: number, warn: number, critical: number): Status {
  if (value >= critical) return 'critical';
  return value >= warn ? 'warn' : 'ok';
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}

function seconds(value: number | null): number {
  return Math.round(Math.max(0, value ?? 0));
}

function daysCounted({ counted_seconds: counted }: Vitals): number {
  return Math.round((Math.max(0, counted) / DAY_SECONDS) * 10) / 10;
}
