import * as z from 'zod';

import type { Question } from '../questions/question.ts';

/** Some names and how many there are: evidence, not a listing. */
const sample = z.object({ count: z.int(), names: z.array(z.string()) });
export type Sample = z.infer<typeof sample>;

const found = z.object({
  role: z.string(),
  database: z.string(),
  version: z.int(),
  /** The login role, or one that it can become, is or may … */
  superuser: z.boolean(),
  bypassrls: z.boolean(),
  replication: z.boolean(),
  createrole: z.boolean(),
  createdb: z.boolean(),
  /** Predefined roles that it is a member of. */
  memberships: z.array(z.string()),
  unlimited: z.boolean(),
  read_only: z.boolean(),
  strings: z.boolean(),
  statement_timeout: z.boolean(),
  temporary: z.boolean(),
  creates_in_database: z.boolean(),
  creates_in: sample,
  owns: sample,
  writes: sample,
  sequences: sample,
  foreign: sample,
  definer: sample,
  untrusted: sample,
  files: sample,
  closed: sample,
  risky: z.array(z.object({ extension: z.string(), schema: z.string() })),
});
export type Found = z.infer<typeof found>;

/** Extensions whose functions reach other servers, files or other sessions, or run text as SQL. */
const RISKY_EXTENSIONS = [
  'dblink',
  'postgres_fdw',
  'mysql_fdw',
  'oracle_fdw',
  'file_fdw',
  'http',
  'pg_net',
  'aws_s3',
  'aws_lambda',
  'adminpack',
  'pg_background',
  'pg_cron',
  'tablefunc',
  'xml2',
  'plpython3u',
  'plperlu',
  'pltclu',
  'plsh',
];

/** How many names are shown of each kind. */
const NAMES_MAX = 5;

/** The names of what a query finds, with how many there are. */
const sampleOf = (rows: string): string =>
  `(SELECT json_build_object('count', count(*), 'names', coalesce(json_agg(name) FILTER (WHERE place <= ${String(NAMES_MAX)}), '[]'))
    FROM (SELECT name, row_number() OVER (ORDER BY name) AS place FROM (${rows}) AS all_names) AS numbered)`;

/**
 * What the login role could do beyond reading, by itself or by becoming any role that it is a member
 * of: `MEMBER` counts memberships that are not inherited, because SET ROLE reaches those.
 *
 * `opened` are functions of PostgreSQL that nobody may call unless somebody granted it.
 *
 * A superuser passes every check of a privilege, so the rest is not looked for then.
 */
const TEXT = `
WITH
  me AS (SELECT oid, rolsuper, rolconnlimit FROM pg_roles WHERE rolname = session_user),
  reach AS (
    SELECT r.* FROM pg_roles r, me
    WHERE r.oid = me.oid OR (NOT me.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER'))
  ),
  ordinary AS (SELECT reach.oid FROM reach WHERE NOT EXISTS (SELECT FROM reach WHERE rolsuper)),
  spaces AS (
    SELECT oid, nspname, nspowner FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname !~ '^pg_(toast_)?temp_'
  ),
  things AS (
    SELECT c.oid, c.relowner, c.relkind, format('%I.%I', s.nspname, c.relname) AS name, s.oid AS space
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  ),
  routines AS (
    SELECT p.oid, p.prosecdef, p.prolang, p.oid::regprocedure::text AS name
    FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
    WHERE p.prosecdef OR p.prolang IN (SELECT oid FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('c', 'internal'))
  ),
  opened AS (
    SELECT DISTINCT p.oid::regprocedure::text AS name, p.proname ~ '^(pg_read_|pg_ls_|pg_stat_file$|lo_import$|lo_export$)' AS files
    FROM pg_proc p JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid
    JOIN ordinary o ON has_function_privilege(o.oid, p.oid, 'EXECUTE')
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND i.privtype = 'i' AND NOT EXISTS (
      SELECT FROM aclexplode(i.initprivs) a
      WHERE a.grantee = 0 OR (a.grantee <> p.proowner AND pg_has_role(o.oid, a.grantee, 'MEMBER'))
    )
  )
SELECT json_build_object(
  'role', session_user, 'database', current_database(),
  'version', current_setting('server_version_num')::int,
  'superuser', (SELECT bool_or(rolsuper) FROM reach),
  'bypassrls', (SELECT bool_or(rolbypassrls) FROM reach),
  'replication', (SELECT bool_or(rolreplication) FROM reach),
  'createrole', (SELECT bool_or(rolcreaterole) FROM reach),
  'createdb', (SELECT bool_or(rolcreatedb) FROM reach),
  'memberships', (SELECT coalesce(json_agg(rolname ORDER BY rolname) FILTER (WHERE rolname ~ '^pg_' AND reach.oid < 16384), '[]') FROM reach),
  'unlimited', (SELECT rolconnlimit < 0 FROM me),
  'read_only', (SELECT coalesce((SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'), false)),
  'strings', (SELECT coalesce((SELECT reset_val = 'on' FROM pg_settings WHERE name = 'standard_conforming_strings'), false)),
  'statement_timeout', (SELECT coalesce((SELECT reset_val <> '0' FROM pg_settings WHERE name = 'statement_timeout'), false)),
  'temporary', EXISTS (SELECT FROM ordinary o WHERE has_database_privilege(o.oid, current_database(), 'TEMP')),
  'creates_in_database', EXISTS (SELECT FROM ordinary o WHERE has_database_privilege(o.oid, current_database(), 'CREATE')),
  'creates_in', ${sampleOf(`SELECT format('%I', nspname) AS name FROM spaces WHERE EXISTS (SELECT FROM ordinary o WHERE has_schema_privilege(o.oid, spaces.oid, 'CREATE'))`)},
  'owns', ${sampleOf(`SELECT name FROM things WHERE relowner IN (SELECT oid FROM ordinary)
    UNION ALL SELECT format('%I', nspname) FROM spaces WHERE nspowner IN (SELECT oid FROM ordinary)
    UNION ALL SELECT format('%I', datname) FROM pg_database WHERE datname = current_database() AND datdba IN (SELECT oid FROM ordinary)`)},
  'writes', ${sampleOf(`SELECT name FROM things WHERE relkind <> 'S' AND EXISTS (SELECT FROM ordinary o
    WHERE has_table_privilege(o.oid, things.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(o.oid, things.oid, 'INSERT, UPDATE'))`)},
  'sequences', ${sampleOf(`SELECT name FROM things WHERE relkind = 'S' AND EXISTS (SELECT FROM ordinary o
    WHERE has_sequence_privilege(o.oid, things.oid, 'USAGE, UPDATE'))`)},
  'foreign', ${sampleOf(`SELECT name FROM things WHERE relkind = 'f' AND EXISTS (SELECT FROM ordinary o
    WHERE has_schema_privilege(o.oid, things.space, 'USAGE') AND has_any_column_privilege(o.oid, things.oid, 'SELECT'))`)},
  'definer', ${sampleOf(`SELECT name FROM routines WHERE prosecdef AND EXISTS (SELECT FROM ordinary o
    WHERE has_function_privilege(o.oid, routines.oid, 'EXECUTE'))`)},
  'untrusted', ${sampleOf(`SELECT name FROM routines
    WHERE prolang IN (SELECT oid FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('c', 'internal'))
      AND EXISTS (SELECT FROM ordinary o WHERE has_function_privilege(o.oid, routines.oid, 'EXECUTE'))`)},
  'files', ${sampleOf('SELECT name FROM opened WHERE files')},
  'closed', ${sampleOf('SELECT name FROM opened WHERE NOT files')},
  'risky', (SELECT coalesce(json_agg(json_build_object('extension', e.extname, 'schema', n.nspname) ORDER BY e.extname), '[]')
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname IN (${RISKY_EXTENSIONS.map((name) => `'${name}'`).join(', ')})
      AND EXISTS (SELECT FROM pg_depend d, ordinary o WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
        AND d.refobjid = e.oid AND d.deptype = 'e' AND has_function_privilege(o.oid, d.objid, 'EXECUTE')))
) AS found`;

export const POSTURE: Question<{ found: Found }> = {
  name: 'posture',
  text: () => TEXT,
  row: z.object({ found }),
};
