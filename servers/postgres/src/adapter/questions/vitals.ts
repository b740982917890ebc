import * as z from 'zod';

import { flag, number } from './form.ts';
import type { Question } from './question.ts';

const ROW = z.strictObject({
  standby: flag,
  /** True when the role sees the sessions of others. Otherwise theirs look as if they did nothing. */
  sees_all: flag,
  blocks_hit: number,
  blocks_read: number,
  /** How long counters have counted, at least. They outlive a restart, but not a crash. */
  counted_seconds: number,
  connections: number,
  connections_max: number,
  longest_transaction_seconds: number.nullable(),
  longest_own_transaction_seconds: number.nullable(),
  transaction_age: number,
  multixact_age: number,
  freeze_age_max: number,
  multixact_freeze_age_max: number,
  slots: number,
  slots_inactive: number,
  slot_retained_bytes: number.nullable(),
  replicas: number,
  replica_lag_bytes: number.nullable(),
  standby_lag_seconds: number.nullable(),
});
export type Vitals = z.output<typeof ROW>;

/** What one row says of the whole database. No parameters. */
export const vitals: Question<Vitals> = {
  name: 'vitals',
  text: () => `
  WITH session AS (
    SELECT usesysid = (SELECT oid FROM pg_roles WHERE rolname = current_user) AS own,
      EXTRACT(epoch FROM now() - xact_start)::float8 AS seconds
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid <> pg_backend_pid()
  ), wal(at) AS (
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
      ELSE pg_current_wal_lsn() END
  )
  SELECT pg_is_in_recovery() AS standby,
    pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
    d.blks_hit::float8 AS blocks_hit, d.blks_read::float8 AS blocks_read,
    EXTRACT(epoch FROM now()
      - COALESCE(d.stats_reset, pg_postmaster_start_time()))::float8 AS counted_seconds,
    (SELECT sum(numbackends) FROM pg_stat_database)::float8 AS connections,
    current_setting('max_connections')::float8 AS connections_max,
    (SELECT max(seconds) FROM session) AS longest_transaction_seconds,
    (SELECT max(seconds) FROM session WHERE own) AS longest_own_transaction_seconds,
    age(b.datfrozenxid)::float8 AS transaction_age,
    mxid_age(b.datminmxid)::float8 AS multixact_age,
    current_setting('autovacuum_freeze_max_age')::float8 AS freeze_age_max,
    current_setting('autovacuum_multixact_freeze_max_age')::float8 AS multixact_freeze_age_max,
    (SELECT count(*) FROM pg_replication_slots)::float8 AS slots,
    (SELECT count(*) FROM pg_replication_slots WHERE NOT active)::float8 AS slots_inactive,
    (SELECT max(pg_wal_lsn_diff(wal.at, s.restart_lsn))
      FROM pg_replication_slots s, wal)::float8 AS slot_retained_bytes,
    (SELECT count(*) FROM pg_stat_replication)::float8 AS replicas,
    (SELECT max(pg_wal_lsn_diff(wal.at, r.replay_lsn))
      FROM pg_stat_replication r, wal)::float8 AS replica_lag_bytes,
    CASE WHEN pg_is_in_recovery()
        AND pg_last_wal_receive_lsn() <> pg_last_wal_replay_lsn()
      THEN EXTRACT(epoch FROM now()
        - pg_last_xact_replay_timestamp())::float8 END AS standby_lag_seconds
  FROM pg_stat_database d JOIN pg_database b ON b.oid = d.datid
  WHERE d.datname = current_database()`,
  row: ROW,
};
