import { userInfo } from 'node:os';

import type { Principal } from './principal.ts';

/**
 * The user who started the server, with the scopes that the operator's options grant.
 *
 * The MCP specification gives stdio no authentication: whoever holds the pipe is the local user. The
 * identity is still explicit, so that policy, limits and audit work the same on both transports.
 */
export function localPrincipal(scopes: Iterable<string>): Principal {
  return { id: `local:${localUser()}`, kind: 'local', scopes: new Set(scopes) };
}

/** A user id has no name in many containers, and then the number alone is the identity. */
function localUser(): string {
  try {
    const { uid, username } = userInfo();
    return uid >= 0 ? String(uid) : username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
