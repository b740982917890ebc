import { isDotGit } from '../dot-git.ts';

/** Why an entry of an index is refused. */
type IndexPathProblem = 'absolute' | 'leads out' | 'empty step' | 'in .git' | 'drive' | 'nul';

/**
 * Finds what makes a path in an index unfit, as a binary string.
 *
 * git checks the paths that it puts into an index and trusts those that it finds there, so an index that
 * somebody crafted makes `git diff` print any file: `../../.ssh/id_rsa`, `/etc/passwd`, `.git/config`.
 * A backslash and a drive lead away on Windows only; elsewhere they are letters, and files have them.
 */
export function indexPathProblem(
  path: string,
  platform: NodeJS.Platform = process.platform,
): IndexPathProblem | undefined {
  const separator = platform === 'win32' ? /[/\\]/ : '/';
  if (path.includes('\0')) return 'nul';
  if (platform === 'win32' && /^[A-Za-z]:/.test(path)) return 'drive';
  const [first = '', ...rest] = path.split(separator);
  if (first === '' && rest.length > 0) return 'absolute';
  return [first, ...rest].map(stepProblem).find((problem) => problem !== undefined);
}

function stepProblem(step: string): IndexPathProblem | undefined {
  // A sparse index has directories, which end with a separator. `git ls-files` expands them.
  if (step === '') return 'empty step';
  if (step === '.' || step === '..') return 'leads out';
  return isDotGit(step) ? 'in .git' : undefined;
}
