import { refuse, SALT_SETTING } from '../../guard/index.ts';
import type { RunAs, StatementLimits } from '../../policy.ts';
import { quoteIdentifier } from '../quote.ts';
import type { Step } from './connection.ts';

/** What a session is set to for one call. */
export interface Setup {
  readonly as: RunAs;
  readonly searchPath: readonly string[];
  readonly limits: StatementLimits;
  /** Time that is left, in milliseconds. */
  readonly leftMs: number;
  /** As in `server_version_num`. */
  readonly version: number;
  /** What the hashes of masks are made with. */
  readonly salt: string;
}

/** Nobody waits between the statements of one flight; a transaction that does has lost its client. */
const IDLE_MS = 10_000;
/** On top of the time of one statement: planning and fetching have one each. */
const TRANSACTION_GRACE_MS = 1000;
const HAS_TRANSACTION_TIMEOUT = 170_000;

/**
 * What a role or a database may have set otherwise, and what the defence rests on:
 *
 * - `standard_conforming_strings`: off, a backslash moves the end of a string, and the server reads
 *   another statement than the parser did.
 * - `row_security`: off, a policy is an error instead of a filter; on, it filters.
 * - `bytea_output`, `extra_float_digits`, `DateStyle`: the forms in which cells are read here.
 * - `client_min_messages`: a notice can carry a value, and nobody reads it.
 * - `jit`: a plan that looks costly is compiled for a second before it runs for a millisecond, and
 *   questions about the catalog look costly.
 */
const FIXED = {
  standard_conforming_strings: 'on',
  row_security: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  DateStyle: 'ISO, YMD',
  client_min_messages: 'error',
  jit: 'off',
} as const;

/**
 * Sets up the session until the end of the transaction: names and values are bound, so none of them
 * is ever part of a statement. When one of them fails, the transaction is aborted, and nothing that
 * follows is run.
 */
export function prelude(setup: Setup): Step {
  const pairs = Object.entries({ ...settingsOf(setup.as), ...FIXED, ...boundsOf(setup) });
  const calls = pairs.map(
    (_, at) => `pg_catalog.set_config($${String(2 * at + 1)}, $${String(2 * at + 2)}, true)`,
  );
  return { text: `SELECT ${calls.join(', ')}`, values: pairs.flat() };
}

/** Settings of extensions and of operators have a dot in their names; those of PostgreSQL itself have none. */
const CUSTOM_SETTING = /^[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)+$/;

/** The role comes first: a role that may not be taken on ends the call before anything else is set. */
function settingsOf({ role, settings }: RunAs): Readonly<Record<string, string>> {
  // `none` is how PostgreSQL spells the login role itself.
  if (role === 'none' || role === '') misconfigured('The role to run as has no usable name.');
  for (const name of Object.keys(settings))
    if (!CUSTOM_SETTING.test(name) || name.toLowerCase() === SALT_SETTING)
      misconfigured('A setting for row-level security has to be a custom one, such as app.tenant.');
  return role === undefined ? settings : { role, ...settings };
}

function misconfigured(hint: string): never {
  return refuse('database.refused', { hint });
}

function boundsOf({
  limits,
  leftMs,
  searchPath,
  version,
  salt,
}: Setup): Readonly<Record<string, string>> {
  const statement = Math.max(1, Math.floor(Math.min(limits.timeoutMs, leftMs)));
  return {
    search_path: searchPathOf(searchPath),
    statement_timeout: String(statement),
    lock_timeout: String(Math.max(1, Math.min(limits.lockTimeoutMs, statement))),
    idle_in_transaction_session_timeout: String(IDLE_MS),
    ...(version >= HAS_TRANSACTION_TIMEOUT && {
      transaction_timeout: String(statement + TRANSACTION_GRACE_MS),
    }),
    [SALT_SETTING]: salt,
  };
}

/**
 * `pg_catalog` first, so that nothing shadows it, and temporary objects last: unless they are named
 * they come before everything else.
 */
function searchPathOf(schemas: readonly string[]): string {
  // PostgreSQL replaces this one even in quotes.
  if (schemas.includes('$user'))
    misconfigured('A schema called "$user" cannot be on the search path.');
  return ['pg_catalog', ...schemas.filter((schema) => schema !== 'pg_catalog'), 'pg_temp']
    .map(quoteIdentifier)
    .join(', ');
}
