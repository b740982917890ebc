import * as z from 'zod';

import type { Cell } from '../database.ts';
import { flag, json, number } from './form.ts';
import type { Question } from './question.ts';
import { verbOf } from './verb.ts';

const SESSION = z.strictObject({
  pid: z.int(),
  state: z.string().nullable(),
  wait: z.string().nullable(),
  transaction_seconds: z.number().nullable(),
  statement_seconds: z.number().nullable(),
  /** What its statement begins with. Its text stays in the database: it holds values. */
  verb: z.string().nullable(),
  blocked_by: z.array(z.int()),
  own: z.boolean(),
  /** Known to those who may see the sessions of others. */
  user: z.string().nullable(),
});
export type Session = z.output<typeof SESSION>;

const ROW = z.strictObject({
  sees_all: flag,
  /** Sessions of other roles, about which the role may know nothing. */
  unseen: number,
  /** Seen ones that do something, whatever number of them is given. */
  busy: number,
  sessions: json(z.array(SESSION)),
});
export type Activity = z.output<typeof ROW>;

export function bindActivity(limit: number): readonly Cell[] {
  return [limit];
}

/**
 * Who does what for how long in this database, and who waits for whom. Of a session that the role may
 * not see, even its kind is unknown.
 */
export const activity: Question<Activity> = {
  name: 'activity',
  text: () => `
  WITH me AS (
    SELECT oid, pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all
    FROM pg_roles WHERE rolname = current_user
  ), session AS (
    SELECT a.*, a.usesysid = me.oid AS own, me.sees_all OR a.usesysid = me.oid AS seen, me.sees_all
    FROM pg_stat_activity a, me
    WHERE a.datname = current_database() AND COALESCE(a.backend_type, 'client backend') = 'client backend'
      AND a.pid <> pg_backend_pid()
  ), waiting AS MATERIALIZED (
    SELECT s.pid, b.blocker
    FROM session s CROSS JOIN LATERAL (
      SELECT DISTINCT blocker FROM unnest(pg_blocking_pids(s.pid)) AS u(blocker)) b
    WHERE s.seen AND s.wait_event_type = 'Lock'
  ), busy AS (
    SELECT s.*, COALESCE((SELECT array_agg(w.blocker ORDER BY w.blocker)
        FROM waiting w WHERE w.pid = s.pid), '{}') AS blocked_by,
      (SELECT count(*) FROM waiting w WHERE w.blocker = s.pid) AS blocks
    FROM session s
    WHERE s.seen AND (s.state <> 'idle' OR s.pid IN (SELECT w.blocker FROM waiting w))
  )
  SELECT (SELECT sees_all FROM me) AS sees_all,
    (SELECT count(*) FROM session WHERE NOT seen) AS unseen,
    (SELECT count(*) FROM busy) AS busy,
    COALESCE((
      SELECT json_agg(json_build_object(
        'pid', b.pid, 'state', b.state,
        'wait', CASE WHEN b.wait_event IS NOT NULL
          THEN concat(b.wait_event_type, ': ', b.wait_event) END,
        'transaction_seconds', round(EXTRACT(epoch FROM now() - b.xact_start), 1),
        'statement_seconds', CASE WHEN b.state = 'active'
          THEN round(EXTRACT(epoch FROM now() - b.query_start), 1) END,
        'verb', ${verbOf('b.query')},
        'blocked_by', b.blocked_by, 'own', b.own,
        'user', CASE WHEN b.sees_all THEN b.usename END)
        ORDER BY b.blocks DESC, b.xact_start NULLS LAST, b.pid)
      FROM (
        SELECT * FROM busy ORDER BY blocks DESC, xact_start NULLS LAST, pid
        LIMIT $1::int8) b), '[]') AS sessions`,
  row: ROW,
};
