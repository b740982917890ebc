import { readFileSync } from 'node:fs';

/**
 * True where the kernel lets users link only files that they own or may read and write (proc(5),
 * fs.protected_hardlinks). Elsewhere anyone who may create names beneath a root can link a private
 * file of the server's user into it, and the file would look like the user's own.
 */
export function areHardLinksProtected(): boolean {
  try {
    return readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
