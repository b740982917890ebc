import {
  fromVisible,
  identifier,
  stepProblem,
  toVisibleName,
  type Trusted,
} from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { isDotGit } from './dot-git.ts';
import { parsedText } from './parsed.ts';
import { refuse, REFUSALS } from './refusals.ts';

/**
 * A repository as a caller names it: a root's name, and the steps beneath it, each one name as Node
 * writes it. No step is `.`, `..` or `.git`, or holds a separator.
 *
 * Not promised: that the root exists, that the caller may use it, or where the steps lead; the adapter
 * follows every link before it decides.
 */
export type RepositoryId = Trusted<
  { readonly root: string; readonly steps: readonly string[] },
  'RepositoryId'
>;

/** `app`, or `app/vendor/lib` for a repository beneath it. */
export const repositoryId = parsedText(
  LIMITS.nameCharactersMax,
  repositoryIdOf,
  REFUSALS['repository.unknown'],
);

/** Reads an id outside a schema. Refuses `repository.unknown`. */
export function parseRepositoryId(text: string): RepositoryId {
  return (
    repositoryId.safeParse(text).data ?? refuse('repository.unknown', { detail: 'malformed id' })
  );
}

/**
 * The id of what discovery found: a root of the policy and names from the disk. Undefined for what a
 * caller could not write, such as a name that is no UTF-8 (Node shows U+FFFD in it).
 */
export function repositoryIdFrom(root: string, steps: readonly string[]): RepositoryId | undefined {
  const id = [root, ...steps.map(toVisibleName)].join('/');
  return steps.join('').includes('\ufffd') ? undefined : repositoryId.safeParse(id).data;
}

/** Writes an id as callers write it: on one line, nothing hidden in it. */
export function labelOf({ root, steps }: RepositoryId): string {
  return [root, ...steps.map(toVisibleName)].join('/');
}

function repositoryIdOf(text: string): RepositoryId | undefined {
  const [root = '', ...shown] = text.split('/');
  const steps = shown.map(fromVisible);
  if (!identifier.safeParse(root).success || steps.some(isNoStep)) return undefined;
  // A name has one spelling, so that two ids never mean one repository.
  if (steps.some((step, at) => toVisibleName(step) !== shown[at])) return undefined;
  const id: unknown = { root, steps };
  return id as RepositoryId;
}

function isNoStep(step: string): boolean {
  if (step === '' || step === '.' || step === '..' || !step.isWellFormed()) return true;
  const bytes = Buffer.from(step, 'utf8').toString('latin1');
  return (
    isDotGit(bytes) || stepProblem(NAMES_ARE_BYTES ? bytes : step, process.platform) !== undefined
  );
}

const NAMES_ARE_BYTES = process.platform !== 'win32';
