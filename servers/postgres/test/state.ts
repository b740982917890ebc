/** What a hostile statement could leave behind, besides what the corpus names. */
export const OBJECTS = `
  CREATE SEQUENCE app.counter;
  CREATE TABLE app.written (id int);
  CREATE FUNCTION app.write() RETURNS int LANGUAGE sql AS 'INSERT INTO app.written VALUES (1) RETURNING id';
  GRANT USAGE, SELECT ON SEQUENCE app.counter TO PUBLIC;`;

/** What outlives a call, as the database itself sees it. */
const state = (roles: string): Readonly<Record<string, string>> => ({
  rows: `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (
    SELECT o::text AS t FROM app.orders o UNION ALL SELECT c::text FROM app.customers c
    UNION ALL SELECT w::text FROM app.written w) AS all_rows`,
  relations: `SELECT md5(string_agg(c.oid || relname || relacl::text || relowner, '|' ORDER BY c.oid))
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_(toast|temp)'`,
  functions: `SELECT count(*)::text FROM pg_proc`,
  schemas: `SELECT md5(string_agg(nspname || coalesce(nspacl::text, ''), '|' ORDER BY oid))
    FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'`,
  roles: `SELECT md5(string_agg(r::text, '|' ORDER BY rolname)) FROM pg_roles r WHERE rolname ~ '${roles}'`,
  roleSettings: `SELECT coalesce(md5(string_agg(s::text, '|' ORDER BY s::text)), '') FROM pg_db_role_setting s
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND (setrole = 0 OR setrole IN (SELECT oid FROM pg_roles WHERE rolname ~ '${roles}'))`,
  sequence: 'SELECT last_value || is_called::text FROM app.counter',
  largeObjects: 'SELECT count(*)::text FROM pg_largeobject_metadata',
  prepared: `SELECT count(*)::text FROM pg_prepared_xacts WHERE database = current_database()`,
  locks: `SELECT count(*)::text FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  slots: 'SELECT count(*)::text FROM pg_replication_slots',
  files: `SELECT md5(string_agg(name, '|' ORDER BY name)) FROM pg_ls_dir('.') AS name WHERE name !~ '^pgsql_tmp'`,
  serverFiles: `SELECT coalesce(md5(string_agg(name, '|' ORDER BY name)), '') FROM pg_ls_dir('/tmp', true, false) AS name
    WHERE name !~ '^\\.s\\.|secure-mcp|^node|vitest'`,
  systemSettings: `SELECT md5(pg_read_file('postgresql.auto.conf', 0, 100000, true))`,
});

/** Reads it as superuser. Of the roles, those count whose name holds a text. */
export async function stateSeenBy(
  admin: (sql: string) => Promise<readonly object[]>,
  roles: string,
): Promise<Readonly<Record<string, unknown>>> {
  const entries = await Promise.all(
    Object.entries(state(roles)).map(async ([name, sql]) => {
      const [row = {}] = await admin(sql);
      return [name, Object.values(row)[0]] as const;
    }),
  );
  return Object.fromEntries(entries);
}
