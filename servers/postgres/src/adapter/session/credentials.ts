import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

import { refuse } from '../../guard/index.ts';

/** Files that are read again for each new connection, so that what they hold can be replaced without a restart. */
export interface CredentialFiles {
  readonly password?: string | undefined;
  /** Authorities that may sign the server's certificate; without it, those that Node trusts. */
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export interface Credentials {
  readonly password: string | undefined;
  readonly tls: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
  /** True when everybody on this machine may read or change the password file. */
  readonly isPasswordOpen: boolean;
}

/** A password is short, and certificates are not long; a larger file is another one. */
const PASSWORD_BYTES_MAX = 4096;
const PEM_BYTES_MAX = 4_194_304;
const FOR_OTHERS = 0o007;

export async function readCredentials(files: CredentialFiles): Promise<Credentials> {
  const [secret, ca, cert, key] = await Promise.all([
    files.password === undefined ? undefined : readPassword(files.password),
    readPem(files.ca, 'authorities'),
    readPem(files.certificate, 'certificate'),
    readPem(files.key, 'key'),
  ]);
  return {
    password: secret?.password,
    isPasswordOpen: secret?.isOpen ?? false,
    tls: { ca, cert, key },
  };
}

async function readPassword(path: string): Promise<{ password: string; isOpen: boolean }> {
  const { text, stats } = await readSmall(path, PASSWORD_BYTES_MAX, 'password');
  const password = text.replace(/\r?\n$/, '');
  if (password === '' || /[\0\r\n]/.test(password)) unreadable('password');
  return { password, isOpen: isOpen(stats) };
}

/** The bits mean nothing on Windows. A group is somebody's decision; everybody is a slip. */
function isOpen({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & FOR_OTHERS) !== 0;
}

async function readPem(path: string | undefined, what: Part): Promise<string | undefined> {
  return path === undefined ? undefined : (await readSmall(path, PEM_BYTES_MAX, what)).text;
}

/** A pipe would be empty the next time, and a device never ends: only a file is read, and opening waits for nobody. */
async function readSmall(
  path: string,
  bytesMax: number,
  what: Part,
): Promise<{ text: string; stats: Stats }> {
  // Windows has no such flag, and no such pipes among its files.
  const { O_RDONLY, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | (O_NONBLOCK ?? 0)).catch(() => unreadable(what));
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > bytesMax) unreadable(what);
    return { text: await file.readFile('utf8'), stats };
  } finally {
    await file.close();
  }
}

type Part = 'password' | 'authorities' | 'certificate' | 'key';

function unreadable(what: Part): never {
  return refuse('database.refused', { hint: `The file with the ${what} cannot be read.` });
}
