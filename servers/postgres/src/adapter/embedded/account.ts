import { readFileSync } from 'node:fs';

/** Who runs a process: ourselves when empty. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root. Every system has an account that owns nothing, so none has to be
 * made for it.
 */
export function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const [, uid, gid] =
    /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error('PostgreSQL does not run as root, and there is no account "nobody" to run it');
  return { uid: Number(uid), gid: Number(gid) };
}
