import { OVERRIDES } from '../../policy.ts';
import type { Profile } from '../handle.ts';

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
  return { ...profile.env, ...(refreshes ? REFRESHING : READING) };
}

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
