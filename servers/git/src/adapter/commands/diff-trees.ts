import { Refusal } from '@secure-mcp/validation';

import type { Argument, Oid } from '../../guard/index.ts';
import type { Handle } from '../handle.ts';
import { canCompare } from '../objects/objects.ts';
import type { DiffQuery } from '../repository.ts';
import { emptyTree } from './empty-tree.ts';

/** The long-lived process has no answer: a command of the call's own is to be asked. */
export class NoAnswer extends Error {}

/**
 * A way to compare two commits by the long-lived `diff-tree`, or undefined where only a command will do:
 * paths are arguments, and other options than the usual ones would keep a process each.
 *
 * @param args the options of the command, without its verb and what it compares.
 */
export async function comparing(
  handle: Handle,
  { what, paths, context, ignoreWhitespace }: DiffQuery,
  args: readonly Argument[],
): Promise<Pick<Handle, 'git'> | undefined> {
  const { objects } = handle;
  const isUsual = paths.length === 0 && context === USUAL_CONTEXT && !ignoreWhitespace;
  if (what.mode !== 'objects' || !isUsual || !canCompare(objects)) return undefined;
  const [base, head] = await Promise.all([treeOf(handle, what.base), treeOf(handle, what.head)]);
  if (base === undefined || head === undefined) return undefined;
  return {
    async git({ bytesMax = 0 }, sink) {
      const ended = await objects.compare({ base, head }, { args, bytesMax }, sink);
      if (ended === undefined) throw new NoAnswer();
      return ended;
    },
  };
}

/** What git_show takes, and git_diff unless it is told otherwise. */
const USUAL_CONTEXT = 3;

/**
 * The tree of a commit, whose bytes were seen to be those of its id. Undefined where that cannot be told:
 * the command says why.
 */
async function treeOf(
  { objects, profile }: Handle,
  oid: Oid | undefined,
): Promise<Oid | undefined> {
  if (oid === undefined) return emptyTree(profile.objectFormat);
  try {
    return (await objects.commit(oid)).tree;
  } catch (error) {
    if (error instanceof Refusal && NO_TREE.has(error.code)) return undefined;
    throw error;
  }
}

const NO_TREE: ReadonlySet<string> = new Set([
  'revision.not_a_commit',
  'object.missing',
  'object.too_large',
  'repository.broken',
  'repository.too_large',
]);
