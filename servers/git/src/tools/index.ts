import { gitAudit } from './git-audit.ts';
import { gitBlame } from './git-blame.ts';
import { gitCompare } from './git-compare.ts';
import { gitContributors } from './git-contributors.ts';
import { gitDiff } from './git-diff.ts';
import { gitFile } from './git-file.ts';
import { gitGrep } from './git-grep.ts';
import { gitLog } from './git-log.ts';
import { gitReflog } from './git-reflog.ts';
import { gitRefs } from './git-refs.ts';
import { gitRepos } from './git-repos.ts';
import { gitShow } from './git-show.ts';
import { gitStatus } from './git-status.ts';
import { gitTree } from './git-tree.ts';

export { prompts } from './prompts.ts';
export { resources } from './resources.ts';

/** Everything that a client can use: the whole surface of this server. */
export const tools = [
  gitRepos,
  gitStatus,
  gitLog,
  gitShow,
  gitDiff,
  gitFile,
  gitTree,
  gitGrep,
  gitBlame,
  gitRefs,
  gitReflog,
  gitContributors,
  gitCompare,
  gitAudit,
] as const;
