import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createTestAuthority, type TestAuthority } from '../certificates.ts';

/** Each has a directory of its own, and sees no other. */
const SERVERS = ['filesystem', 'postgres-server', 'git'] as const;
const SERVICES = [...SERVERS, 'authorization-server', 'database', 'store'] as const;
type Service = (typeof SERVICES)[number];
type Files = Readonly<Record<string, string>>;

/** What is made counts for so many days. */
const DAYS = 30;
const DAY_MS = 86_400_000;
/** Written last: where it is, all is. */
const AUTHORITY = 'ca.pem';

/**
 * Fills a directory for each service, once: certificates of an authority whose key nobody keeps, and
 * random passwords. What is there stays, because the database has been told its password; what has
 * ended, or is there only in part, is an error.
 */
export function ensureSecrets(directory: string): void {
  const there = SERVICES.filter((service) => existsSync(join(directory, service, AUTHORITY)));
  if (there.length === 0) makeSecrets(directory);
  else if (there.length < SERVICES.length || there.some((service) => ended(directory, service)))
    throw new Error('the secrets are not whole, or have ended: begin anew with `down --volumes`');
}

function ended(directory: string, service: Service): boolean {
  const { validToDate } = new X509Certificate(readFileSync(join(directory, service, AUTHORITY)));
  return validToDate.getTime() < Date.now();
}

function makeSecrets(directory: string): void {
  const until = new Date(Date.now() + DAYS * DAY_MS);
  const authority = createTestAuthority({ name: 'secure-mcp demonstration', until });
  const passwords = {
    database: { owner: password(), reader: password() },
    store: { filesystem: password(), 'postgres-server': password(), git: password() },
  };
  const own: Readonly<Record<Service, Files>> = {
    filesystem: forServer(passwords.store.filesystem),
    git: forServer(passwords.store.git),
    'postgres-server': {
      ...forServer(passwords.store['postgres-server']),
      'database-url': `postgres://mcp_reader:${passwords.database.reader}@database:5432/shop`,
    },
    'authorization-server': {},
    database: {
      'owner-password': passwords.database.owner,
      'reader-password': passwords.database.reader,
    },
    store: { 'users.acl': usersOf(passwords.store) },
  };
  for (const service of SERVICES) {
    const files = { ...pairFor(authority, service, until), ...own[service] };
    write(join(directory, service), files, modeFor(service));
  }
  // Whoever trusts a server of the demonstration needs it.
  for (const service of SERVICES)
    write(join(directory, service), { [AUTHORITY]: authority.certificate }, 0o644);
}

function forServer(storePassword: string): Files {
  return { 'store-password': storePassword, 'state-key': password() };
}

/** On the host a service is `localhost`; for the others it has its own name. */
function pairFor(authority: TestAuthority, service: Service, until: Date): Files {
  const inside = service === 'authorization-server' ? 'issuer' : service;
  const hosts = ['localhost', '127.0.0.1', '::1', inside];
  const { certificate, key } = authority.issueServer({ name: service, hosts, until });
  return { 'cert.pem': certificate, 'key.pem': key };
}

/** Letters and digits: it stands in a URL, in SQL and in a list of users. */
function password(): string {
  return randomBytes(24).toString('hex');
}

/**
 * What the shared store lets each server do: the commands of its limits, on its own keys, whose
 * first part is its name.
 */
const COMMANDS =
  '+eval +evalsha +time +get +set +incrby +expire +pttl +pexpireat +zadd +zcard +zscore +zrange +zrangebyscore +zremrangebyscore +info +ping';

function usersOf(passwords: Readonly<Record<(typeof SERVERS)[number], string>>): string {
  const users = SERVERS.map((server) => {
    const hash = createHash('sha256').update(passwords[server]).digest('hex');
    const keys = `secure-mcp-${server.replace(/-server$/, '')}:*`;
    return `user ${server} on #${hash} ~${keys} resetchannels -@all ${COMMANDS}`;
  });
  return `${['user default off', ...users].join('\n')}\n`;
}

/**
 * The servers run under our own id, and refuse a secret that others can read. The images of the
 * database and of the store have ids of their own, which differ from one base to another: what keeps
 * others out of their directories is that nobody else mounts them.
 */
function modeFor(service: Service): number {
  return service === 'database' || service === 'store' ? 0o644 : 0o600;
}

function write(directory: string, files: Files, mode: number): void {
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode, flag: 'wx' });
}
