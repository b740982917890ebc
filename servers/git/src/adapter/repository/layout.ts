import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { liesWithin } from '@secure-mcp/validation';

import { parseCommondir, parseGitfile, type Pointer } from '../../guard/layout/index.ts';
import type { RepositoryId } from '../../guard/repository-id.ts';
import type { Finding, Root } from '../../policy.ts';
import { readPlain } from './plain-file.ts';
import { hostBytes } from './plain-tree.ts';
import { findingOf, type FindingId } from './report.ts';
import { lstatOrNothing } from './stamp.ts';

/** Where the parts of a repository are: real paths, every link followed and judged. */
export interface Layout {
  readonly kind: 'ordinary' | 'linked' | 'bare';
  /** The directory that the caller named. */
  readonly directory: string;
  readonly workTree: string | undefined;
  /** Holds HEAD and the index. */
  readonly gitDir: string;
  /** Holds refs, objects and the configuration; another one only for a linked work tree. */
  readonly commonDir: string;
  /** Directories out of which nothing may lead. */
  readonly bounds: readonly string[];
}

export type Located =
  | { readonly kind: 'found'; readonly layout: Layout }
  /** There is no repository that may be named so. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly finding: Finding };

/** Bytes of `.git`, `commondir` and `gitdir`, each of which holds one path. */
const POINTER_BYTES_MAX = 8192;

/**
 * Finds the parts of the repository that stands in a directory beneath a root.
 *
 * Everything has to lie within that root, whatever `.git`, `commondir` and their links say. There is one
 * exception, because linked work trees are useful: their admin directory may lie outside when the two
 * sides name each other. The directory that `.git` names must be `<common>/worktrees/<id>` by its real
 * path, where `<common>` is what its own `commondir` says, and its `gitdir` must name exactly our `.git`.
 * The second half stands outside the root, so that who can write only beneath the root cannot forge it.
 *
 * A bare repository is found only where the operator opened that very directory: one that is embedded
 * in a tree travels with it, and git would act on its configuration (`safe.bareRepository`).
 */
export function locate(root: Root, steps: RepositoryId['steps']): Located {
  const directory = join(root.path, ...steps);
  if (realOf(directory) !== directory) return { kind: 'unknown' };
  const dotGit = join(directory, '.git');
  const stats = lstatOrNothing(dotGit);
  if (stats === undefined) return steps.length === 0 ? bareAt(root.path) : { kind: 'unknown' };
  if (stats.isDirectory()) return ordinary(root, directory, dotGit);
  if (stats.isSymbolicLink()) return behindLink(root, directory, dotGit);
  if (stats.isFile()) return behindFile(root, directory);
  return refused('layout.special', '.git');
}

/** Whether a directory has what git itself looks for in a repository. */
export function looksBare(directory: string): boolean {
  const isDirectory = (name: string): boolean =>
    lstatOrNothing(join(directory, name))?.isDirectory() === true;
  return (
    isDirectory('objects') &&
    isDirectory('refs') &&
    lstatOrNothing(join(directory, 'HEAD')) !== undefined
  );
}

function bareAt(directory: string): Located {
  if (!looksBare(directory)) return { kind: 'unknown' };
  const layout = { directory, gitDir: directory, workTree: undefined, bounds: [directory] };
  return withCommon({ ...layout, kind: 'bare' });
}

function ordinary(root: Root, directory: string, gitDir: string): Located {
  const layout = { directory, workTree: directory, gitDir, bounds: [root.path] };
  return withCommon({ ...layout, kind: 'ordinary' });
}

function behindLink(root: Root, directory: string, dotGit: string): Located {
  const target = realOf(dotGit);
  const isInside = target !== undefined && isWithin([root.path], target);
  if (!isInside || lstatOrNothing(target)?.isDirectory() !== true)
    return refused('layout.link', '.git');
  return ordinary(root, directory, target);
}

function behindFile(root: Root, directory: string): Located {
  const named = readPointer(directory, '.git', parseGitfile);
  const gitDir = named === undefined ? undefined : realOf(resolve(directory, named));
  if (gitDir === undefined || lstatOrNothing(gitDir)?.isDirectory() !== true)
    return refused('layout.gitfile', '.git');
  if (isWithin([root.path], gitDir)) return ordinary(root, directory, gitDir);
  const commonDir = commonOf(gitDir);
  if (commonDir === undefined || !isAdmittedOutside(directory, gitDir, commonDir))
    return refused('layout.gitfile', '.git');
  const bounds = [root.path, commonDir];
  const layout = { directory, workTree: directory, gitDir, commonDir, bounds };
  return { kind: 'found', layout: { ...layout, kind: 'linked' } };
}

/** The two halves of {@link locate}'s exception. */
function isAdmittedOutside(directory: string, gitDir: string, commonDir: string): boolean {
  const worktrees = dirname(gitDir);
  if (basename(worktrees) !== 'worktrees' || dirname(worktrees) !== commonDir) return false;
  const back = readPointer(gitDir, 'gitdir', parseCommondir);
  return back !== undefined && resolve(gitDir, back) === join(directory, '.git');
}

/** Follows `commondir`, which moves refs, objects and configuration, within the bounds. */
function withCommon(layout: Omit<Layout, 'commonDir'>): Located {
  const { gitDir } = layout;
  if (lstatOrNothing(join(gitDir, 'commondir')) === undefined) {
    return { kind: 'found', layout: { ...layout, commonDir: gitDir } };
  }
  const commonDir = commonOf(gitDir);
  if (commonDir === undefined || !isWithin(layout.bounds, commonDir))
    return refused('layout.commondir', 'commondir');
  return { kind: 'found', layout: { ...layout, commonDir, kind: 'linked' } };
}

function commonOf(gitDir: string): string | undefined {
  const named = readPointer(gitDir, 'commondir', parseCommondir);
  const real = named === undefined ? undefined : realOf(resolve(gitDir, named));
  return real !== undefined && lstatOrNothing(real)?.isDirectory() === true ? real : undefined;
}

function readPointer(
  directory: string,
  name: string,
  parse: (text: string) => Pointer,
): string | undefined {
  const file = readPlain(directory, [name], POINTER_BYTES_MAX);
  if (file.kind !== 'file') return undefined;
  const pointer = parse(file.bytes.toString('utf8'));
  return pointer.ok ? pointer.path : undefined;
}

/** True for a path that is one of the directories or lies beneath one. Both are real paths. */
export function isWithin(directories: readonly string[], path: string): boolean {
  return directories.some((directory) => liesWithin(path, directory));
}

export function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function refused(id: FindingId, where: string): Located {
  return { kind: 'refused', finding: findingOf(id, hostBytes(where)) };
}
