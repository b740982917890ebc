import { quoteIdentifier } from '../quote.ts';
import type { Found, Sample } from './question.ts';

/** One thing that was looked at, and is not as it should be, or is worth knowing. */
export interface Finding {
  readonly id: FindingId;
  /** `refuse`: no call is served while it stands, unless the operator accepts a privileged role. */
  readonly severity: 'refuse' | 'warn' | 'info';
  /** In our words, with names of the database's own catalog. */
  readonly evidence: string;
  /** What mends it: SQL for whoever owns the database, or a command. */
  readonly fix: string | undefined;
}

type FindingId = (typeof CHECKS)[number]['id'] | keyof typeof OUTSIDE;

/** What is known about the connection besides what the database says. */
export interface ConnectionFacts {
  readonly isEncrypted: boolean;
  /** True when nothing leaves this machine. */
  readonly isLocal: boolean;
  readonly isPasswordOpen: boolean;
}

interface Check {
  readonly id: string;
  readonly severity: Finding['severity'];
  /** What was found, or nothing. */
  find(found: Found): string | undefined;
  fix?(found: Found): string;
}

const OLDEST_TESTED = 150_000;

/** Roles of PostgreSQL itself, by what they add to reading. */
const FILES_ROLES = ['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'];
const POWER_ROLES = [
  'pg_checkpoint',
  'pg_create_subscription',
  'pg_maintain',
  'pg_signal_autovacuum_worker',
  'pg_signal_backend',
];
const STATISTICS_ROLES = [
  'pg_monitor',
  'pg_read_all_settings',
  'pg_read_all_stats',
  'pg_stat_scan_tables',
];

/**
 * The order is that of the answer. What refuses is whatever makes "read-only" depend on the guard
 * alone: the guard is code, and the role is what still holds when code is wrong.
 */
const CHECKS = [
  attribute('role.superuser', 'superuser', 'SUPERUSER', 'passes every check of the database'),
  attribute('role.bypassrls', 'bypassrls', 'BYPASSRLS', 'reads past row-level security'),
  attribute('role.replication', 'replication', 'REPLICATION', 'reads the whole cluster'),
  attribute('role.createrole', 'createrole', 'CREATEROLE', 'makes roles and grants them'),
  membership(
    'role.server-files',
    'refuse',
    FILES_ROLES,
    'reads or writes files, or runs programs, of the server',
  ),
  membership('role.writes-all', 'refuse', ['pg_write_all_data'], 'writes every table'),
  {
    id: 'role.owns',
    severity: 'refuse',
    find: ({ owns }) => counted(owns, 'owns', 'object'),
    fix: ({ role }) =>
      `-- Connect as another role, or give away what it owns:\nREASSIGN OWNED BY ${quoteIdentifier(role)} TO CURRENT_USER;`,
  },
  {
    id: 'role.writes',
    severity: 'refuse',
    find: ({ writes }) => counted(writes, 'may write', 'relation'),
    fix: ({ role, writes }) => revoke('INSERT, UPDATE, DELETE, TRUNCATE', writes, role),
  },
  {
    id: 'functions.untrusted',
    severity: 'refuse',
    find: ({ untrusted }) =>
      counted(
        untrusted,
        'may call',
        'function in an untrusted language',
        'functions in untrusted languages',
      ),
    fix: ({ untrusted }) => revokeRoutines(untrusted),
  },
  {
    id: 'functions.files',
    severity: 'refuse',
    find: ({ files }) =>
      counted(
        files,
        'may call',
        'function that opens files of the server',
        'functions that open files of the server',
      ),
    fix: ({ files, role }) => revokeRoutines(files, role),
  },
  {
    id: 'functions.closed',
    severity: 'warn',
    find: ({ closed }) =>
      counted(
        closed,
        'may call',
        'function that is closed by default',
        'functions that are closed by default',
      ),
    fix: ({ closed, role }) => revokeRoutines(closed, role),
  },
  {
    id: 'functions.definer',
    severity: 'warn',
    find: ({ definer }) =>
      counted(
        definer,
        'may call',
        'function that runs with its owner’s rights',
        'functions that run with their owners’ rights',
      ),
    fix: ({ definer }) => revokeRoutines(definer),
  },
  {
    id: 'extensions.risky',
    severity: 'warn',
    find: ({ risky }) =>
      risky.length === 0
        ? undefined
        : `The role may call functions of ${listed(risky.map(({ extension }) => extension))}, which reach beyond this database or run text as SQL.`,
    fix: ({ risky }) => risky.map(revokeExtension).join('\n'),
  },
  {
    id: 'relations.foreign',
    severity: 'warn',
    find: ({ foreign }) => counted(foreign, 'may read', 'foreign table'),
    fix: ({ foreign, role }) => revoke('SELECT', foreign, role),
  },
  attribute('role.createdb', 'createdb', 'CREATEDB', 'makes databases', 'warn'),
  membership(
    'role.powers',
    'warn',
    POWER_ROLES,
    'interferes with other sessions or with the server',
  ),
  membership(
    'role.reads-all',
    'warn',
    ['pg_read_all_data'],
    'reads every table, also those that nobody meant to show',
  ),
  {
    id: 'role.temporary',
    severity: 'warn',
    find: ({ temporary }) => (temporary ? 'The role may make temporary tables.' : undefined),
    fix: ({ database }) => `REVOKE TEMPORARY ON DATABASE ${quoteIdentifier(database)} FROM PUBLIC;`,
  },
  {
    id: 'role.creates',
    severity: 'warn',
    find: creates,
    fix: ({ database, creates_in, role }) =>
      [
        `REVOKE CREATE ON DATABASE ${quoteIdentifier(database)} FROM PUBLIC, ${quoteIdentifier(role)};`,
        ...creates_in.names.map(
          (name) => `REVOKE CREATE ON SCHEMA ${name} FROM PUBLIC, ${quoteIdentifier(role)};`,
        ),
      ].join('\n'),
  },
  {
    id: 'role.sequences',
    severity: 'warn',
    find: ({ sequences }) => counted(sequences, 'may advance', 'sequence'),
    fix: ({ sequences, role }) => revoke('USAGE, UPDATE', sequences, role, 'SEQUENCE'),
  },
  setting('session.read-only', 'default_transaction_read_only', ({ read_only }) => read_only, 'on'),
  setting('session.strings', 'standard_conforming_strings', ({ strings }) => strings, 'on'),
  setting(
    'session.timeout',
    'statement_timeout',
    ({ statement_timeout }) => statement_timeout,
    "'15s'",
  ),
  {
    id: 'server.old',
    severity: 'warn',
    find: ({ version }) =>
      version < OLDEST_TESTED
        ? 'The server is older than the versions that this is tested with.'
        : undefined,
  },
  membership('role.statistics', 'info', STATISTICS_ROLES, 'sees statements and settings of others'),
  {
    id: 'role.connections',
    severity: 'info',
    find: ({ unlimited }) =>
      unlimited ? 'The role may open any number of connections.' : undefined,
    fix: ({ role }) => `ALTER ROLE ${quoteIdentifier(role)} CONNECTION LIMIT 10;`,
  },
] as const satisfies readonly Check[];

/** What the database does not know about. */
const OUTSIDE = {
  'connection.plain': 'The connection is not encrypted, and it leaves this machine.',
  'password-file.open': 'Everybody on this machine may read or change the password file.',
} as const;

/** Judges what was found. */
export function findingsOf(found: Found, facts: ConnectionFacts): readonly Finding[] {
  const inside = CHECKS.flatMap((check: Check & { readonly id: FindingId }): readonly Finding[] => {
    const evidence = check.find(found);
    const { id, severity } = check;
    return evidence === undefined ? [] : [{ id, severity, evidence, fix: check.fix?.(found) }];
  });
  const plain = !facts.isEncrypted && !facts.isLocal;
  return [
    ...inside,
    ...(plain ? [outside('connection.plain', undefined)] : []),
    ...(facts.isPasswordOpen ? [outside('password-file.open', 'chmod 600, on that file')] : []),
  ];
}

function outside(id: keyof typeof OUTSIDE, fix: string | undefined): Finding {
  return { id, severity: 'warn', evidence: OUTSIDE[id], fix };
}

type Flag = 'superuser' | 'bypassrls' | 'replication' | 'createrole' | 'createdb';

function attribute<const Id extends string>(
  id: Id,
  flag: Flag,
  keyword: string,
  what: string,
  severity: Finding['severity'] = 'refuse',
) {
  return {
    id,
    severity,
    find: (found: Found) =>
      found[flag] ? `The role, or one that it can become, has ${keyword}: it ${what}.` : undefined,
    fix: ({ role }: Found) => `ALTER ROLE ${quoteIdentifier(role)} NO${keyword};`,
  };
}

function membership<const Id extends string>(
  id: Id,
  severity: Finding['severity'],
  roles: readonly string[],
  what: string,
) {
  const held = ({ memberships }: Found): readonly string[] =>
    memberships.filter((name) => roles.includes(name));
  return {
    id,
    severity,
    find: (found: Found) =>
      held(found).length === 0
        ? undefined
        : `The role is a member of ${listed(held(found))}: it ${what}.`,
    fix: (found: Found) => `REVOKE ${held(found).join(', ')} FROM ${quoteIdentifier(found.role)};`,
  };
}

function setting<const Id extends string>(
  id: Id,
  name: string,
  isSet: (found: Found) => boolean,
  value: string,
) {
  return {
    id,
    severity: 'warn' as const,
    find: (found: Found) =>
      isSet(found) ? undefined : `Sessions of the role do not start with ${name} set.`,
    fix: ({ role }: Found) => `ALTER ROLE ${quoteIdentifier(role)} SET ${name} = ${value};`,
  };
}

function creates({ creates_in_database, creates_in }: Found): string | undefined {
  if (creates_in.count > 0) return counted(creates_in, 'may create objects in', 'schema');
  return creates_in_database ? 'The role may create schemas.' : undefined;
}

function counted(
  { count, names }: Sample,
  verb: string,
  one: string,
  many = `${one}s`,
): string | undefined {
  if (count === 0) return undefined;
  const what = count === 1 ? one : many;
  return `The role, or one that it can become, ${verb} ${String(count)} ${what}: ${listed(names)}${count > names.length ? ', …' : ''}.`;
}

function listed(names: readonly string[]): string {
  return names.join(', ');
}

/** Names come from `format('%I')`, those of functions with their arguments from `regprocedure`: quoted where they need it. */
function revoke(privileges: string, { names }: Sample, role: string, kind = 'TABLE'): string {
  return `REVOKE ${privileges} ON ${kind} ${names.join(', ')} FROM PUBLIC, ${quoteIdentifier(role)};`;
}

function revokeRoutines({ names }: Sample, role?: string): string {
  const whom = role === undefined ? 'PUBLIC' : `PUBLIC, ${quoteIdentifier(role)}`;
  return names.map((name) => `REVOKE EXECUTE ON ROUTINE ${name} FROM ${whom};`).join('\n');
}

function revokeExtension({ extension, schema }: Found['risky'][number]): string {
  return `-- ${extension}\nREVOKE EXECUTE ON ALL ROUTINES IN SCHEMA ${quoteIdentifier(schema)} FROM PUBLIC;`;
}
