import type { Verified } from './credential.ts';
import type { Revocation } from './revocation-list.ts';

/** What was taken back, ready for look-ups. */
export interface Revocations {
  isRevoked(verified: Verified): boolean;
}

/** An epoch: what was issued before it counts no more. */
interface Epoch {
  readonly issuedBefore: number;
  readonly until: number;
}

interface Index {
  /** What an entry names, to when it ends. */
  readonly named: Map<string, number>;
  /** By principal; those for all callers under {@link EVERYBODY}. */
  readonly epochs: Map<string, Epoch[]>;
}

/** No principal has an empty id. */
const EVERYBODY = '';

/** Indexes a list of revocations: a question costs a few look-ups, however long the list is. */
export function createRevocations(
  list: Iterable<Revocation>,
  now: () => number = Date.now,
): Revocations {
  const index: Index = { named: new Map(), epochs: new Map() };
  for (const entry of list) add(index, entry);
  return {
    isRevoked(verified) {
      if (index.named.size === 0 && index.epochs.size === 0) return false;
      const at = now();
      const isNamed = namesOf(verified).some((name) => (index.named.get(name) ?? 0) > at);
      return isNamed || isOutdated(index.epochs, verified, at);
    },
  };
}

function add({ named, epochs }: Index, entry: Revocation): void {
  const until = entry.until === undefined ? Infinity : Date.parse(entry.until);
  if ('issuedBefore' in entry) {
    const principal = entry.principal ?? EVERYBODY;
    const epoch = { issuedBefore: Date.parse(entry.issuedBefore), until };
    const beside = epochs.get(principal);
    if (beside === undefined) epochs.set(principal, [epoch]);
    else beside.push(epoch);
    return;
  }
  const name = nameOf(entry);
  named.set(name, Math.max(until, named.get(name) ?? 0));
}

type Named = Exclude<Revocation, { readonly issuedBefore: string }>;

function nameOf(entry: Named): string {
  if ('tokenId' in entry) return tokenName(entry.issuer, entry.tokenId);
  if ('key' in entry) return keyName(entry.key);
  if ('certificate' in entry) return certificateName(entry.certificate);
  if ('subject' in entry) return ownedName('subject', entry.subject, entry.issuer);
  if ('client' in entry) return ownedName('client', entry.client, entry.issuer);
  return principalName(entry.principal);
}

/** Everything that an entry could call this caller. */
function namesOf({ principal, method, credentialId, certificate }: Verified): readonly string[] {
  const { id, kind, issuer, client } = principal;
  // An issuer calls a client that acts for itself the subject of its tokens, and so may an operator.
  const subject = principal.subject ?? (kind === 'service' ? client : undefined);
  const names = [principalName(id)];
  if (credentialId !== undefined) names.push(credentialName(method, credentialId, issuer));
  if (certificate !== undefined) names.push(certificateName(certificate));
  if (subject !== undefined) names.push(...owned('subject', subject, issuer));
  if (client !== undefined) names.push(...owned('client', client, issuer));
  return names;
}

function credentialName(method: Verified['method'], id: string, issuer = ''): string {
  switch (method) {
    case 'api-key':
      return keyName(id);
    case 'certificate':
      return certificateName(id);
    case 'jwt':
    case 'introspection':
    case 'none':
      return tokenName(issuer, id);
  }
}

function owned(kind: string, name: string, issuer: string | undefined): readonly string[] {
  const anywhere = ownedName(kind, name, undefined);
  return issuer === undefined ? [anywhere] : [anywhere, ownedName(kind, name, issuer)];
}

// JSON keeps the parts apart: no issuer and id can be chosen so that they read like two others.
const tokenName = (issuer: string, id: string): string => JSON.stringify(['token', issuer, id]);
const keyName = (id: string): string => JSON.stringify(['key', id]);
const certificateName = (sha256: string): string => JSON.stringify(['certificate', sha256]);
const principalName = (id: string): string => JSON.stringify(['principal', id]);
const ownedName = (kind: string, name: string, issuer: string | undefined): string =>
  JSON.stringify(issuer === undefined ? [kind, name] : [kind, name, issuer]);

/** A credential that does not say when it was issued is taken for an old one. */
function isOutdated(
  epochs: ReadonlyMap<string, readonly Epoch[]>,
  { principal, issuedAt = -Infinity }: Verified,
  now: number,
): boolean {
  const applying = [...(epochs.get(EVERYBODY) ?? []), ...(epochs.get(principal.id) ?? [])];
  return applying.some(({ issuedBefore, until }) => issuedAt < issuedBefore && until > now);
}
