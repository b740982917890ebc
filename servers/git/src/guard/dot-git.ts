/** Code points that HFS+ does not see in a name, as the bytes of their UTF-8 in a binary string. */
const IGNORED_BY_HFS = /\xe2\x80[\x8c-\x8f\xaa-\xae]|\xe2\x81[\xaa-\xaf]|\xef\xbb\xbf/g;

const DOT_GIT = /^(?:\.git|git~1)[. ]*(?:$|:)/i;

/**
 * True for a step (a binary string) that some file system takes for `.git`, where a repository keeps its
 * settings and hooks: in any case, with what HFS+ ignores, by NTFS's short name, its streams, and the
 * dots and spaces that NTFS drops (CVE-2014-9390, CVE-2019-1352, CVE-2019-1353).
 *
 * All of that is judged on every platform: a repository travels.
 */
export function isDotGit(step: string): boolean {
  // NTFS separates at a backslash, too.
  return step.split('\\').some((part) => DOT_GIT.test(part.replace(IGNORED_BY_HFS, '')));
}
