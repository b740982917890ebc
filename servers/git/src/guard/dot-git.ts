import { isUtf8 as isUtf8Buffer } from 'node:buffer';

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
  return step.split('\\').some((part) => {
    const name = part.replace(IGNORED_BY_HFS, '');
    return DOT_GIT.test(name) || (CUT_SHORT.test(name) && !isUtf8(name));
  });
}

/** git takes a name to end where it is no UTF-8. */
const CUT_SHORT = /^\.git[\x80-\xff]/i;

function isUtf8(bytes: string): boolean {
  return isUtf8Buffer(Buffer.from(bytes, 'latin1'));
}
