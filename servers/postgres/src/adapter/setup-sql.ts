import type { QualifiedName } from '../policy.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

export interface SetupOptions {
  readonly role: string;
  /** The one that is connected to, unless told. */
  readonly database?: string | undefined;
  readonly schemas: readonly string[];
  /** When given, only these are readable; otherwise everything in the schemas, also what comes later. */
  readonly relations?: readonly QualifiedName[] | undefined;
  /** Extensions whose functions are used. */
  readonly extensions: readonly string[];
  /** Connections that the role may have at the same time. */
  readonly connections?: number | undefined;
}

const CONNECTIONS = 10;

/**
 * SQL that makes the role this server should run as: it reads what is named, owns nothing, and is
 * stopped by the database itself when it runs away. It can be run again, and holds no password.
 */
export function setupSql(options: SetupOptions): string {
  const role = quoteIdentifier(options.role);
  const parts = [
    HEAD,
    createRole(options, role),
    limits(role),
    databaseRights(options, role),
    ...options.schemas.map((schema) => schemaRights(options, schema, role)),
    ...options.extensions.map((extension) => extensionRights(extension, options.role)),
    TAIL,
  ];
  return `${parts.join('\n\n')}\n`;
}

const HEAD = `-- A role that reads, and nothing else. Run this connected to the database, as its owner and as the owner
-- of what is to be read, or as a superuser. It can be run again.`;

const TAIL = `-- The role has no password yet. In psql, \\password sets one and sends only its hash; keep it in a file
-- that only the server's user can read.`;

function createRole({ role: name, connections = CONNECTIONS }: SetupOptions, role: string): string {
  const limit = String(connections);
  return `${block(`  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(name)}) THEN
    CREATE ROLE ${role} LOGIN NOINHERIT CONNECTION LIMIT ${limit};
  END IF;`)}
ALTER ROLE ${role} LOGIN NOINHERIT CONNECTION LIMIT ${limit};`;
}

function limits(role: string): string {
  return `-- What every session of it begins with.
ALTER ROLE ${role} SET default_transaction_read_only = on;
ALTER ROLE ${role} SET statement_timeout = '15s';
ALTER ROLE ${role} SET lock_timeout = '2s';
ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '15s';
-- Only a superuser may set this one.
${block(`  ALTER ROLE ${role} SET temp_file_limit = '256MB';
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'temp_file_limit is left as it is';`)}`;
}

function databaseRights({ database: name, role: roleName }: SetupOptions, role: string): string {
  if (name !== undefined) {
    const database = quoteIdentifier(name);
    return `GRANT CONNECT ON DATABASE ${database} TO ${role};
${WHY_REVOKED}
REVOKE TEMPORARY ON DATABASE ${database} FROM PUBLIC;`;
  }
  return `${WHY_REVOKED}
${block(`  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), ${quoteLiteral(roleName)}::text);
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());`)}`;
}

const WHY_REVOKED =
  '-- By default every role may make temporary tables. Grant this back to those that need it.';

function schemaRights({ relations }: SetupOptions, name: string, role: string): string {
  const schema = quoteIdentifier(name);
  const usage = `REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC;
GRANT USAGE ON SCHEMA ${schema} TO ${role};`;
  if (relations === undefined) {
    return `${usage}
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};
-- Also what whoever runs this makes there later.
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${role};`;
  }
  const grants = relations
    .filter((relation) => relation.schema === name)
    .map((relation) => `GRANT SELECT ON ${schema}.${quoteIdentifier(relation.name)} TO ${role};`);
  return [usage, ...grants].join('\n');
}

/** The schema is looked up where the extension is: nobody has to know it. */
function extensionRights(extension: string, role: string): string {
  return block(`  EXECUTE coalesce((
    SELECT format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, ${quoteLiteral(role)}::text)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = ${quoteLiteral(extension)}
  ), 'SELECT');`);
}

/** The tag is one that the text does not hold, so no name can end it. */
function block(body: string): string {
  let tag = '$setup$';
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  return `DO ${tag}
BEGIN
${body}
END
${tag};`;
}
