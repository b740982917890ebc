import type { Trusted } from '@secure-mcp/validation';

/** Where a database is and who connects, with the password when the URL holds one. */
interface Target {
  /** A name, an address, or the absolute path of the directory that holds a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly encryption: Encryption;
}

/**
 * `tls` verifies the certificate and the name in it. `local` is not encrypted because it never leaves
 * this machine; whoever connects has to check that. `off` was asked for by its unsafe name.
 */
type Encryption = 'tls' | 'local' | 'off';

/**
 * A connection target whose every part was understood. None of it shows: not as JSON, not in a log,
 * not in an error.
 *
 * Not promised: that the host exists, or that the name `localhost` leads to this machine.
 */
export type ConnectionTarget = Trusted<Target, 'ConnectionTarget'>;

/** What the operator's option says of every host that is not this machine. */
export type TlsChoice = 'verify-full' | 'unsafe-off';

/** The problem is one of our own sentences: it holds nothing of the URL but the name of a parameter. */
export type ParsedUrl =
  | { readonly ok: true; readonly target: ConnectionTarget }
  | { readonly ok: false; readonly problem: string };

const URL_CHARACTERS_MAX = 4096;
const DEFAULT_PORT = 5432;

/**
 * Each delimiter occurs only where it delimits. A password that holds one of `:/?#@` unescaped would
 * otherwise move the border between what is secret and what is not.
 */
const SHAPE =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:/?#@\s]+)(?::(?<password>[^:/?#@\s]*))?@)?(?<host>\[[^\]/?#@\s]*\]|[^:/?#@\s[\]]*)(?::(?<port>[^:/?#@\s]*))?(?:\/(?<database>[^/?#@\s]*))?(?:\?(?<query>[^?#@\s]*))?$/;

/** Why the other modes of libpq are not offered. */
const WEAK_MODES: Readonly<Record<string, string>> = {
  require:
    'says sslmode=require, which encrypts without checking who answers, so anybody on the way can: use sslmode=verify-full',
  'verify-ca':
    'says sslmode=verify-ca, which accepts any server that the authority has signed: use sslmode=verify-full',
  prefer: 'says sslmode=prefer, which falls back to no encryption: use sslmode=verify-full',
  allow: 'says sslmode=allow, which prefers no encryption: use sslmode=verify-full',
};

/** Reads a connection URL strictly: what is not understood is a problem, never a default. */
export function parseConnectionUrl(text: string, tls: TlsChoice = 'verify-full'): ParsedUrl {
  try {
    return { ok: true, target: hidden(readTarget(text.replace(/\r?\n$/, ''), tls)) };
  } catch (error) {
    if (error instanceof UrlProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Ends the reading; it never leaves this file. */
class UrlProblem extends Error {
  override readonly name = 'UrlProblem';
}

function fail(problem: string): never {
  throw new UrlProblem(problem);
}

function readTarget(text: string, tls: TlsChoice): Target {
  const parts = text.length > URL_CHARACTERS_MAX ? undefined : SHAPE.exec(text)?.groups;
  if (parts === undefined)
    fail(
      'is not a URL of the form postgres://user:password@host:port/database; characters such as : / ? # @ % inside a part are written as %XX',
    );
  const user = decoded('user', parts['user']);
  const database = decoded('database', parts['database']);
  const { sslmode, socket } = readQuery(parts['query']);
  const host = readHost(parts['host'] ?? '', socket);
  if (user === '') fail('names no user');
  if (database === '') fail('names no database');
  const password = decoded('password', parts['password']);
  return {
    host,
    port: readPort(parts['port']),
    user,
    database,
    password: password === '' ? undefined : password,
    encryption: chooseEncryption(host, sslmode, tls),
  };
}

/** Decodes once. What is left of a control character would end a message of the protocol early. */
function decoded(part: string, text = ''): string {
  let value: string;
  try {
    value = decodeURIComponent(text);
  } catch {
    fail(`holds a % in its ${part} that begins no %XX`);
  }
  // oxlint-disable-next-line eslint/no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(value)) fail(`holds a control character in its ${part}`);
  return value;
}

interface Query {
  readonly sslmode: string | undefined;
  /** A directory, in libpq's other spelling of it. */
  readonly socket: string | undefined;
}

function readQuery(query: string | undefined): Query {
  const found = new Map<string, string>();
  for (const pair of query === undefined || query === '' ? [] : query.split('&')) {
    const [name = '', value, ...rest] = pair.split('=');
    if (name !== 'sslmode' && name !== 'host') fail(`has ${unknownParameter(name)}`);
    if (value === undefined || rest.length > 0) fail(`has a parameter ${name} without one value`);
    if (found.has(name)) fail(`has the parameter ${name} twice`);
    found.set(name, decoded(name, value));
  }
  return { sslmode: found.get('sslmode'), socket: found.get('host') };
}

/**
 * A password is followed by an `@` wherever it stands, and {@link SHAPE} takes none behind the host. So
 * a name is no piece of it, and may be told; a value is never.
 */
function unknownParameter(name: string): string {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return 'a parameter that is not known';
  if (name === 'channel_binding')
    return 'a parameter channel_binding: remove it; channels are bound wherever server and TLS offer it';
  return `a parameter ${name}, which is not known: only sslmode is`;
}

const NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?$/;
const IPV6 = /^\[[0-9A-Fa-f:.]{2,45}\]$/;

function readHost(written: string, socket: string | undefined): string {
  if (written !== '' && socket !== undefined) fail('names the host twice');
  const host = socket ?? decoded('host', written);
  if (host === '') fail('names no host');
  if (host.startsWith('/')) return host;
  if (socket !== undefined) fail('has a parameter host that is no absolute path of a directory');
  if (IPV6.test(host)) return host.slice(1, -1);
  if (host.length > 253 || !NAME.test(host)) fail('names a host that is no single name or address');
  return host;
}

function readPort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) fail('names a port that is not within 1 to 65535');
  return port;
}

/** By its spelling. `127.1` and `2130706433` are not recognised, and so encrypted. */
function staysHere(host: string): boolean {
  return (
    host.startsWith('/') ||
    host === 'localhost' ||
    host === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  );
}

function chooseEncryption(host: string, sslmode: string | undefined, tls: TlsChoice): Encryption {
  const mode = readMode(sslmode);
  if (mode === 'verify-full') return encrypted(host, tls);
  if (staysHere(host)) return 'local';
  if (tls === 'unsafe-off') return 'off';
  if (mode === 'disable')
    fail(
      'turns TLS off for a host that is not this machine: use sslmode=verify-full, or --database-tls unsafe-off where the network is trusted',
    );
  return 'tls';
}

function readMode(sslmode: string | undefined): 'verify-full' | 'disable' | undefined {
  if (sslmode === undefined || sslmode === 'verify-full' || sslmode === 'disable') return sslmode;
  return fail(
    (Object.hasOwn(WEAK_MODES, sslmode) ? WEAK_MODES[sslmode] : undefined) ??
      'has an sslmode that is not known: verify-full and disable are accepted',
  );
}

/** Two places may say it; they may not contradict each other. */
function encrypted(host: string, tls: TlsChoice): Encryption {
  if (tls === 'unsafe-off') fail('says sslmode=verify-full, and --database-tls says unsafe-off');
  if (host.startsWith('/')) fail('asks for TLS on a Unix socket, which has none');
  return 'tls';
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const SHOWN = (): string => '[connection]';

/** Nothing of it is enumerable, so neither JSON nor a log nor a copy by `…` holds any of it. */
function hidden(target: Target): ConnectionTarget {
  const closed = {};
  for (const [name, value] of Object.entries({ ...target, toJSON: SHOWN }))
    Object.defineProperty(closed, name, { value });
  Object.defineProperty(closed, INSPECT, { value: SHOWN });
  return Object.freeze(closed) as ConnectionTarget;
}
