import {
  covers,
  type Grant,
  grantFor,
  type Policy,
  type Scope,
  type Verified,
} from '@secure-mcp/auth';
import type { AuditedSource } from '@secure-mcp/logging';

import { type SecretsMode, strictestSecrets } from '../call/call.ts';
import type { Caller } from '../call/dispatch.ts';
import { type CallLimits, strictestLimits } from '../call/limits.ts';
import type { ClientAddress } from './exchange.ts';

/** What the operator's options set for everyone. */
export interface Ceiling {
  /** What is served at all: a credential cannot grant more. */
  readonly scopes: readonly string[];
  readonly limits: CallLimits;
  readonly secrets: SecretsMode;
}

/** Makes the caller of one request: credential ∩ policy ∩ what the operator serves. */
export function callerOf(
  verified: Verified,
  address: ClientAddress,
  { policy, ceiling }: { readonly policy: Policy | undefined; readonly ceiling: Ceiling },
): Caller {
  const granted = within(ceiling.scopes, verified.principal.scopes);
  const principal = { ...verified.principal, scopes: granted };
  const grant: Grant = { ...grantFor(policy, principal) };
  return {
    principal,
    grant,
    reach: canStepUp(verified) ? new Set(ceiling.scopes) : granted,
    limits: strictestLimits(ceiling.limits, grant.entry?.limits),
    secrets: strictestSecrets(ceiling.secrets, grant.entry?.secrets),
    transport: 'http',
    source: sourceOf(verified, address),
  };
}

/** The served scopes that the credential covers: a `write` brings its `read` along, and nothing that is not served. */
function within(served: readonly string[], granted: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(served.filter((scope) => isScope(scope) && covers(granted, scope)));
}

function isScope(text: string): text is Scope {
  return text.includes(':');
}

/** Only an authorization server can grant more than a credential has; a key stays what it is. */
function canStepUp({ method }: Verified): boolean {
  return method === 'jwt' || method === 'introspection';
}

/** What the audit trail tells of a request's origin. */
export function sourceOf(
  { method, credentialId }: Pick<Verified, 'method' | 'credentialId'>,
  { ip, forwarded }: ClientAddress,
): AuditedSource {
  return {
    address: ip,
    ...(forwarded && { forwarded }),
    method,
    ...(credentialId !== undefined && { credential: credentialId }),
  };
}
