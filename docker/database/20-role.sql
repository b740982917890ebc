-- A role that reads, and nothing else. Run this connected to the database, as its owner and as the owner
-- of what is to be read, or as a superuser. It can be run again.

DO $setup$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mcp_reader') THEN
    CREATE ROLE "mcp_reader" LOGIN NOINHERIT CONNECTION LIMIT 10;
  END IF;
END
$setup$;
ALTER ROLE "mcp_reader" LOGIN NOINHERIT CONNECTION LIMIT 10;

-- What every session of it begins with.
ALTER ROLE "mcp_reader" SET default_transaction_read_only = on;
ALTER ROLE "mcp_reader" SET statement_timeout = '15s';
ALTER ROLE "mcp_reader" SET lock_timeout = '2s';
ALTER ROLE "mcp_reader" SET idle_in_transaction_session_timeout = '15s';
-- Only a superuser may set this one.
DO $setup$
BEGIN
  ALTER ROLE "mcp_reader" SET temp_file_limit = '256MB';
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'temp_file_limit is left as it is';
END
$setup$;

-- By default every role may make temporary tables. Grant this back to those that need it.
DO $setup$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), 'mcp_reader'::text);
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$setup$;

REVOKE CREATE ON SCHEMA "shop" FROM PUBLIC;
GRANT USAGE ON SCHEMA "shop" TO "mcp_reader";
GRANT SELECT ON ALL TABLES IN SCHEMA "shop" TO "mcp_reader";
-- Also what whoever runs this makes there later.
ALTER DEFAULT PRIVILEGES IN SCHEMA "shop" GRANT SELECT ON TABLES TO "mcp_reader";

-- The role has no password yet. In psql, \password sets one and sends only its hash; keep it in a file
-- that only the server's user can read.
