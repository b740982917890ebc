/** Where the shared store is, and how one gets in. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
  /** True for `rediss:`. */
  readonly tls: boolean;
  /** The number of the database. */
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export type ParsedStoreAddress =
  | { readonly ok: true; readonly address: StoreAddress }
  /** What is wrong, without anything of the text: it can hold a password. */
  | { readonly ok: false; readonly problem: string };

const PORT = 6379;
/** Redis has 16 databases, unless it is told otherwise. */
const PATH = /^\/?(?<db>\d{0,4})$/;

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or the same with `rediss:` for TLS.
 *
 * The driver would read the URL itself, and take options from its query that turn off the check of
 * the certificate. Here a query is refused.
 */
export function parseStoreAddress(text: string): ParsedStoreAddress {
  const url = URL.parse(text);
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol))
    return wrong('must be a redis:// or rediss:// URL');
  if (url.search !== '' || url.hash !== '') return wrong('must have no query and no fragment');
  if (url.hostname === '') return wrong('must name a host');
  const db = PATH.exec(url.pathname)?.groups?.['db'];
  if (db === undefined) return wrong('must end with the number of a database, or with none');
  return addressOf(url, Number(db));
}

function addressOf(url: URL, db: number): ParsedStoreAddress {
  try {
    const address = {
      // Node wants an IPv6 address without its brackets.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? PORT : Number(url.port),
      tls: url.protocol === 'rediss:',
      db,
      username: decoded(url.username),
      password: decoded(url.password),
    };
    return { ok: true, address };
  } catch {
    return wrong('must have a user and a password in percent-encoding');
  }
}

function wrong(problem: string): ParsedStoreAddress {
  return { ok: false, problem };
}

function decoded(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part);
}
