import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

import { covers, entryFor, type Policy, type Principal, type Scope } from '@secure-mcp/auth';
import {
  certificatePrincipal,
  type KeyFileContent,
  keyPrincipal,
  validityProblem,
} from '@secure-mcp/auth/network';

const DAY_MS = 86_400_000;
/** A certificate that ends within so many days should have been replaced: renewal is tried at a third of 90. */
const CERTIFICATE_DAYS_MIN = 14;
/** Warnings of one kind at most: a file can hold ten thousand entries, and a log is read by people. */
const ALIKE_MAX = 10;

/** What a caller is called in a policy who proves who it is by what stands in the file of `--keys`. */
const FROM_KEYS = /^(?:key|certificate):/;

/** A caller of the file of `--keys`, by one of its entries that is neither revoked nor over. */
interface Named {
  /** The entry, as a person finds it in the file. */
  readonly entry: string;
  readonly principal: Principal;
}

/** What the file of `--keys` grants without effect: a mistyped scope grants nothing, and nobody is told. */
export function keyWarnings(
  keys: KeyFileContent | undefined,
  /** All that is served under the operator's options. */
  served: readonly string[],
  now: number,
): readonly string[] {
  if (keys === undefined) return [];
  const named = namedIn(keys, now);
  if (named.length === 0)
    return ['--keys: the file names nobody who may call now, so no key lets anybody in'];
  return atMost(
    named.flatMap(({ entry, principal }) => {
      const unknown = [...principal.scopes].filter((scope) => !grantsAny(scope, served));
      return unknown.length === 0
        ? []
        : [`--keys: the ${entry} grants ${unknown.join(', ')}, which is not served here`];
    }),
  );
}

/** A scope to write grants reading, also where nothing is written. */
function grantsAny(scope: string, served: readonly string[]): boolean {
  return served.filter(isScope).some((needed) => covers(new Set([scope]), needed));
}

function isScope(text: string): text is Scope {
  return text.includes(':');
}

/** Where the policy and the file of `--keys` do not know each other's callers. */
export function callerWarnings(
  policy: Policy | undefined,
  keys: KeyFileContent | undefined,
  now: number,
): readonly string[] {
  if (policy === undefined) return [];
  const named = keys === undefined ? [] : namedIn(keys, now);
  const ids = new Set(named.map(({ principal }) => principal.id));
  const nobodys = policy.principals.flatMap(({ match: { id } }, at) =>
    id === undefined || !FROM_KEYS.test(id) || ids.has(id)
      ? []
      : [`--policy: principals.${String(at)}: --keys lets in nobody who is called ${id}`],
  );
  const unmatched = new Set(
    named
      .filter(({ principal }) => entryFor(policy, principal) === undefined)
      .map(({ principal }) => principal.id),
  );
  const nothing = [...unmatched].map(
    (id) => `--policy: no entry matches ${id} of --keys, so it may do nothing`,
  );
  return [...atMost(nobodys), ...atMost(nothing)];
}

/** What clients will not believe of a certificate, or soon not any more. */
export function certificateWarnings(
  /** PEM; the server's own stands first. */
  chain: string,
  /** The URL that clients know the server by, where it is known. */
  resource: string | undefined,
  now: number,
): readonly string[] {
  const leaf = new X509Certificate(chain);
  const host = resource === undefined ? undefined : new URL(resource).hostname;
  const days = Math.floor((leaf.validToDate.getTime() - now) / DAY_MS);
  const left = days < 1 ? 'within a day' : `in ${String(days)} ${days === 1 ? 'day' : 'days'}`;
  return [
    ...(host === undefined || isFor(leaf, host)
      ? []
      : [`--tls-cert: the certificate is not for ${host}, which --resource names`]),
    ...(days < CERTIFICATE_DAYS_MIN ? [`--tls-cert: the certificate ends ${left}`] : []),
  ];
}

function isFor(certificate: X509Certificate, host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const found =
    isIP(address) === 0
      ? // Clients look at the names of the extension only (RFC 9110 §4.3.4).
        certificate.checkHost(host, { subject: 'never' })
      : certificate.checkIP(address);
  return found !== undefined;
}

function namedIn({ keys, certificates }: KeyFileContent, now: number): readonly Named[] {
  const isGood = (entry: Parameters<typeof validityProblem>[0]): boolean => {
    const problem = validityProblem(entry, now);
    // One that counts from tomorrow is meant, too.
    return problem === undefined || problem === 'not yet valid';
  };
  return [
    ...keys.filter(isGood).map((entry) => ({
      entry: `key ${entry.id} of ${entry.principal}`,
      principal: keyPrincipal(entry),
    })),
    ...certificates.filter(isGood).map((entry) => ({
      entry: `certificate ${entry.certificate.slice(0, 12)}… of ${entry.principal}`,
      principal: certificatePrincipal(entry),
    })),
  ];
}

function atMost(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= ALIKE_MAX) return warnings;
  const [first = ''] = warnings;
  const [option = ''] = first.split(':');
  const more = warnings.length - ALIKE_MAX;
  return [...warnings.slice(0, ALIKE_MAX), `${option}: and ${String(more)} more alike`];
}
