import { covers, type Scope } from '@secure-mcp/auth';

import type { Rights } from '../call/dispatch.ts';

/**
 * Why a caller may not use a part of the server; undefined where it may. For the trail only: the caller
 * is told the same in every case, so that what is hidden cannot be told from what is not there.
 */
export function whyBarred<Part extends { readonly scope: Scope }>(
  kind: 'tool' | 'resource' | 'prompt',
  part: Part | undefined,
  rights: Rights,
  may: (part: Part, rights: Rights) => boolean,
): string | undefined {
  if (part === undefined) return `no such ${kind}`;
  if (may(part, rights)) return undefined;
  return covers(rights.principal.scopes, part.scope) ? 'policy' : 'scope';
}
