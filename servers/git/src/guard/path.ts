import {
  byteStringFromText,
  PATH_STEPS_MAX,
  textFromByteString,
  type Trusted,
} from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { isDotGit } from './dot-git.ts';
import { parsedText } from './parsed.ts';
import { refuse, REFUSALS } from './refusals.ts';

/**
 * A path relative to the top of a repository, in bytes: a binary string, one character for each byte.
 * Its steps are neither empty nor `.` nor `..`, and none is one that a file system takes for `.git`.
 * The empty string is the top itself.
 *
 * Not promised: that anything is there, or that it is UTF-8.
 */
export type TreePath = Trusted<string, 'TreePath'>;

/** The top of a repository: everything. */
export const TOP: TreePath = '' as TreePath;

/** A path as answers show it: text, `\u{HEX}` for a hidden character, `\x{HH}` for a raw byte. */
export const treePath = parsedText(
  LIMITS.pathCharactersMax,
  treePathFromText,
  REFUSALS['path.invalid'],
);

/** Reads a path outside a schema. Refuses `path.invalid`. */
export function parseTreePath(text: string): TreePath {
  return treePath.safeParse(text).data ?? refuse('path.invalid');
}

/** A path from git's own output. Undefined for one that leads out of a tree, or into `.git`. */
export function treePathFromBytes(bytes: string): TreePath | undefined {
  return bytes === '' ? undefined : treePathOf(bytes.split('/'));
}

/** Writes a path so that a caller sees all of it and can send it back. */
export function textFromTreePath(path: TreePath): string {
  return path.split('/').map(textFromByteString).join('/');
}

function treePathFromText(text: string): TreePath | undefined {
  if (text === '' || text === '.') return TOP;
  // One separator at the end asks for a directory, and says nothing else.
  const steps = text
    .replace(/(?<=[^/])\/$/, '')
    .split('/')
    .map(byteStringFromText);
  // An escaped separator would divide a step after it was judged.
  return steps.some((step) => step.includes('/')) ? undefined : treePathOf(steps);
}

function treePathOf(steps: readonly string[]): TreePath | undefined {
  if (steps.length > PATH_STEPS_MAX || steps.some(isNoStep)) return undefined;
  const path = steps.join('/');
  return path.length > LIMITS.pathCharactersMax ? undefined : (path as TreePath);
}

function isNoStep(step: string): boolean {
  return step === '' || step === '.' || step === '..' || step.includes('\0') || isDotGit(step);
}
