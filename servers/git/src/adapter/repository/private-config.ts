import { type ConfigEntry, configText } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';

/**
 * What stands in every private configuration, behind all that was kept of the repository's own: the last
 * entry counts.
 */
const OURS = `
[core]
	# A command that compares the work tree is told where it is; no other one has any.
	bare = true
	fsmonitor = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	pager = cat
	# A multi-pack-index stands in \`pack\`, and says where in the packs an object is.
	multiPackIndex = false
	bigFileThreshold = ${LIMITS.diffFileBytesMax}
	logAllRefUpdates = false
	untrackedCache = true
[advice]
	# The empty graft file of the environment is no news.
	graftFileDeprecated = false
[index]
	# Several readers of one index believe the offsets that stand in it.
	threads = false
[diff]
	autoRefreshIndex = false
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	allow = never
[submodule]
	recurse = false
[log]
	showSignature = false
[gpg]
	program = false
`;

export interface PrivateConfig {
  readonly kept: readonly ConfigEntry[];
  /** A commit-graph of ours lies in the private store. The repository's own is never believed. */
  readonly hasGraph: boolean;
}

/** The bytes of a private configuration. */
export function privateConfig({ kept, hasGraph }: PrivateConfig): Buffer {
  const state = `[core]\n\tcommitGraph = ${hasGraph}\n`;
  // What is kept is a binary string, and ours is ASCII.
  return Buffer.from(`${configText(kept)}${state}${OURS}`, 'latin1');
}
