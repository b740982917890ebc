import { type BigIntStats, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { type Option, optionsOf } from '../config/options.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { assertTrusted } from '../config/read.ts';
import type { Readable, ServerOptions } from '../server-definition.ts';

/** A file that an option names. */
interface OwnFile {
  readonly flag: string;
  readonly path: string;
}

/**
 * Refuses files of the server itself beneath what callers may read: they would read its keys, whom it
 * lets in, and what it recorded of others. Links are followed, and directories are told apart by
 * what they are, so that another mount of a root or another writing of its name hides none. A file
 * that is not there yet counts as where it will be.
 *
 * Not seen: a file that is moved beneath a root, or mounted there by itself, after the start; and one
 * that stands beneath a root and is named by another mount of a directory within that root.
 */
export function assertApart(files: readonly OwnFile[], readable: readonly Readable[]): void {
  if (readable.length === 0) return;
  const rootNames = new Map(
    readable.flatMap(({ name, path }) => {
      const identity = identityOf(path);
      return identity === undefined ? [] : [[identity, name] as const];
    }),
  );
  for (const { flag, path } of files) {
    const root = directoriesAbove(path)
      .map((directory) => rootNames.get(identityOf(directory) ?? ''))
      .find((name) => name !== undefined);
    if (root !== undefined)
      throw new ConfigurationProblem(
        flag,
        `the file lies beneath ${root}, where callers could read it`,
      );
  }
}

/**
 * Refuses files that others can write or replace: they would say where to connect, and whom to believe.
 * What is not there is left to whoever opens it. The audit log has a stricter judge.
 */
export function assertOwned(files: readonly OwnFile[]): void {
  for (const { flag, path } of files)
    if (flag !== '--audit-log' && existsSync(path)) assertTrusted(flag, path);
}

/** The files that options name, and that of `--config`. */
export function ownFiles(
  schema: ServerOptions,
  options: Readonly<Record<string, unknown>>,
  config: string | undefined,
): readonly OwnFile[] {
  const named = optionsOf(schema).filter(isFile);
  return [
    ...(config === undefined ? [] : [{ flag: '--config', path: config }]),
    ...named.flatMap(({ key, flag }) => {
      const path = options[key];
      return typeof path === 'string' ? [{ flag, path }] : [];
    }),
  ];
}

function isFile({ kind, value }: Option): boolean {
  return kind === 'text' && value === 'FILE';
}

/** All directories above a file: those of its name, and those of the file that a link leads to. */
function directoriesAbove(path: string): readonly string[] {
  const real = realPathOf(resolve(path));
  const above: string[] = [];
  for (let at = dirname(real); ; at = dirname(at)) {
    above.push(at);
    if (dirname(at) === at) return above;
  }
}

/** Every link followed, as far as there is something. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

/** The same for two names of one directory. */
function identityOf(path: string): string | undefined {
  const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${String(stats.dev)}:${String(stats.ino)}`;
}
