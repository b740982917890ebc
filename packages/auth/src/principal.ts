/** Who is calling. Over stdio the local user; over HTTP whoever the credential proves. */
export interface Principal {
  /** Stable and unique: it keys limits, audit records and confirmations. Never a name that can be reused. */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** What the credential (or the operator, for the local user) grants, before any policy. */
  readonly scopes: ReadonlySet<string>;
  readonly issuer?: string;
  readonly subject?: string;
  readonly client?: string;
}

export const PRINCIPAL_KINDS = ['local', 'user', 'service', 'api-key'] as const;
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];
