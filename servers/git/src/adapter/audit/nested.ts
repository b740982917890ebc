import { join, resolve } from 'node:path';

import { parseGitfile } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import { isWithin, realOf } from '../repository/layout.ts';
import { readPlain } from '../repository/plain-file.ts';
import { lstatOrNothing } from '../repository/stamp.ts';

/** What git opens to find out which commit a nested repository is at. */
const OPENED = ['HEAD', 'commondir', 'packed-refs', 'refs', 'refs/heads'] as const;

/**
 * Whether a directory of the work tree is a repository that lies elsewhere. Plain git shows the commit
 * there, or the digits of any file that a ref links to, as that of a submodule, and works there under
 * whatever settings it finds.
 *
 * @param own the real directories in which a submodule's repository belongs.
 */
export function nestsElsewhere(directory: string, own: readonly string[]): boolean {
  const dotGit = join(directory, '.git');
  const stats = lstatOrNothing(dotGit);
  if (stats === undefined) return false;
  if (stats.isDirectory()) return hasLink(dotGit);
  if (!stats.isFile()) return true;
  const file = readPlain(directory, ['.git'], LIMITS.configBytesMax);
  const pointer = file.kind === 'file' ? parseGitfile(file.bytes.toString('utf8')) : undefined;
  if (pointer?.ok !== true) return false;
  const real = realOf(resolve(directory, pointer.path));
  // Where nothing is, nothing is shown.
  return real !== undefined && (!isWithin(own, real) || hasLink(real));
}

function hasLink(gitDirectory: string): boolean {
  return OPENED.some((name) => lstatOrNothing(join(gitDirectory, name))?.isSymbolicLink() === true);
}
