import { dirname } from 'node:path';

import { OVERRIDES } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import { ALLOCATION_BYTES_MAX } from './memory.ts';

/**
 * The environment of one process: the profile's own, and the overrides of policy.ts as settings of the
 * command line, which are stronger than those of any file.
 *
 * They stand in the environment and not among the arguments (`-c`), so that no argument of a command
 * can be taken for one of them.
 */
export function environmentOf(
  profile: Profile,
  { refreshes }: { readonly refreshes: boolean },
): Record<string, string> {
  // A refreshed index is written where GIT_INDEX_FILE says: into our own directory.
  const place = refreshes ? placeOf(profile) : {};
  return { ...profile.env, ...ALLOCATION, ...place, ...(refreshes ? REFRESHING : READING) };
}

/**
 * Where the work tree is: only for what compares it. A command on objects would look there as well, for
 * attributes, and merging opens the repositories of submodules. The names in a tree are the attacker's,
 * and git does not check them: with `..` among them it would be led anywhere.
 */
function placeOf({ workTree }: Profile): Readonly<Record<string, string>> {
  if (workTree === undefined) return {};
  return { GIT_WORK_TREE: workTree, GIT_CEILING_DIRECTORIES: dirname(workTree) };
}

const ALLOCATION = { GIT_ALLOC_LIMIT: String(ALLOCATION_BYTES_MAX) };

const READING = settings(OVERRIDES);
const REFRESHING = {
  ...settings([...OVERRIDES, ['diff.autoRefreshIndex', 'true']]),
  GIT_OPTIONAL_LOCKS: '1',
};

/** Settings in their order: of two with the same name the last one counts. */
function settings(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(pairs.length) };
  for (const [index, [key, value]] of pairs.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return env;
}
