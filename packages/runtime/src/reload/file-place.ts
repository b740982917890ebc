import { accessSync, constants, lstatSync, readlinkSync, statSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';

import { codeOf } from '../error-code.ts';
import { WRITABLE_BY_OTHERS } from './file-access.ts';

const STICKY = 0o1000;
const ROOT = 0;
/** As many links as Linux follows on one path. */
const LINKS_MAX = 40;

/**
 * Says why the place of a file may not decide who is let in, or undefined where it may.
 *
 * Whoever can write a directory puts another file in the place of any that stands there, whoever
 * owns that one. So each directory on the way has to be ours or root's, and nobody else may write it
 * but where it is sticky: there nobody renames what is not theirs. Links are followed, and the way to
 * what they lead to is judged as well: it is how Kubernetes mounts a secret. OpenSSH's `StrictModes`
 * is the same rule. What cannot be written because its mount is read-only is as good: Kubernetes
 * mounts a ConfigMap with mode 0777.
 *
 * Not judged: access lists that are no POSIX ones, and who can write the same directory by another
 * mount. What is missing is no problem here; opening it says so.
 *
 * @param owner - The user besides root who may own it; this process unless another is named.
 */
export function placeProblem(path: string, owner = process.geteuid?.()): string | undefined {
  // Windows has no owner and no mode to judge by.
  if (owner === undefined) return undefined;
  try {
    return walk(isAbsolute(path) ? path : `${process.cwd()}${sep}${path}`, owner);
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : 'stands where it cannot be judged';
  }
}

/** Goes the way of the kernel: step by step, and back to the start of each link's text. */
function walk(path: string, owner: number): string | undefined {
  const steps = stepsOf(path);
  let directory = '/';
  let links = 0;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const problem = directoryProblem(directory, owner);
    if (problem !== undefined) return problem;
    const next =
      step === '..' ? parentOf(directory) : `${directory === '/' ? '' : directory}/${step}`;
    const { uid, isLink } = look(next);
    if (!isLink) {
      directory = next;
      continue;
    }
    // In a sticky directory anybody may lay a link, and nobody else can take it away.
    if (!isTrusted(uid, owner)) return 'is reached by a link of somebody else';
    if ((links += 1) > LINKS_MAX) return 'is reached by too many links';
    const target = readlinkSync(next);
    if (isAbsolute(target)) directory = '/';
    steps.unshift(...stepsOf(target));
  }
  return undefined;
}

function stepsOf(path: string): string[] {
  return path.split('/').filter((step) => step !== '' && step !== '.');
}

function look(path: string): { readonly uid: number; readonly isLink: boolean } {
  const stats = lstatSync(path);
  return { uid: stats.uid, isLink: stats.isSymbolicLink() };
}

function directoryProblem(path: string, owner: number): string | undefined {
  const { uid, mode } = statSync(path);
  if (!isTrusted(uid, owner)) return 'stands in or beneath a directory of somebody else';
  if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) return undefined;
  return isReadOnly(path) ? undefined : 'stands in or beneath a directory that others may write';
}

function isTrusted(uid: number, owner: number): boolean {
  return uid === ROOT || uid === owner;
}

/** The kernel says so even to root. Whoever may not write it anyway is not told, and it counts as writable. */
function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}

/** No link is left in it, so its text tells what is above. */
function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/')) || '/';
}
