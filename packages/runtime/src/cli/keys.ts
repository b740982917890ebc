import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import {
  type ApiKeyEntry,
  hashApiKey,
  KEY_DAYS_MAX,
  KEY_SCOPE,
  type KeyFileContent,
  mintApiKey,
  PRINCIPAL_NAME,
  validityProblem,
} from '@secure-mcp/auth/network';

import { ConfigurationProblem } from '../config/problem.ts';
import { changeKeyFile, type KeyChange, readKeyFile } from './keys-file.ts';
import { type KeysFlags, readKeysFlags } from './keys-flags.ts';
import { keysText } from './keys-text.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A quarter: short enough to practise rotation, long enough to have a life. */
const DAYS_DEFAULT = 90;
/** A day for all users of a key to take the new one. */
const OVERLAP_HOURS_DEFAULT = 24;
const OVERLAP_HOURS_MAX = 720;

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<string>>> = {
  add,
  rotate,
  revoke,
  list,
};

/**
 * Runs `keys add|rotate|revoke|list FILE`, and gives back what goes to stdout. A new key is shown there
 * once: the file holds its SHA-256 only.
 *
 * @throws ConfigurationProblem for all that is wrong with the arguments or the file.
 */
export async function runKeys(args: readonly string[]): Promise<string> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new ConfigurationProblem('keys', 'expected add, rotate, revoke or list');
  return command(rest);
}

async function add(args: readonly string[]): Promise<string> {
  const flags = readKeysFlags(args, ['principal', 'scopes', 'days', 'certificate']);
  const path = onlyFile(flags);
  const now = Date.now();
  const entry = {
    principal: principalOf(flags.required('principal')),
    scopes: scopesOf(flags.required('scopes')),
    ...times(now, (flags.integer('days', 1, KEY_DAYS_MAX) ?? DAYS_DEFAULT) * DAY_MS),
  };
  const certificate = flags.value('certificate');
  const change =
    certificate === undefined ? withKey(entry) : withCertificate(entry, thumbprintOf(certificate));
  return changeKeyFile(path, { now, mayCreate: true }, change);
}

async function rotate(args: readonly string[]): Promise<string> {
  const flags = readKeysFlags(args, ['days', 'overlap-hours']);
  const { path, id } = fileAndId(flags);
  const days = flags.integer('days', 1, KEY_DAYS_MAX);
  const overlap = flags.integer('overlap-hours', 0, OVERLAP_HOURS_MAX) ?? OVERLAP_HOURS_DEFAULT;
  const now = Date.now();
  return changeKeyFile(path, { now, mayCreate: false }, (content) => {
    const former = content.keys.find((entry) => entry.id === id);
    if (former === undefined) throw new ConfigurationProblem('ID', 'no such key');
    const problem = validityProblem(former, now);
    if (problem !== undefined)
      throw new ConfigurationProblem('ID', `the key is ${problem}; add one instead`);
    const { principal, scopes } = former;
    const lifetimeMs = days === undefined ? lifetimeOf(former) : days * DAY_MS;
    const ending = ended(former, now, overlap * HOUR_MS);
    const keys = content.keys.map((entry) => (entry === former ? ending : entry));
    return withKey({ principal, scopes, ...times(now, lifetimeMs) })({ ...content, keys });
  });
}

async function revoke(args: readonly string[]): Promise<string> {
  const { path, id } = fileAndId(readKeysFlags(args, []));
  const now = Date.now();
  return changeKeyFile(path, { now, mayCreate: false }, (content) => {
    const { keys, certificates } = content;
    const named = [
      ...keys.filter((entry) => entry.id === id),
      ...certificates.filter((entry) => entry.certificate === id),
    ];
    if (named.length === 0) throw new ConfigurationProblem('ID', 'no such key or certificate');
    const changed = {
      ...content,
      keys: keys.map((entry) => (entry.id === id ? revoked(entry, now) : entry)),
      certificates: certificates.map((entry) =>
        entry.certificate === id ? revoked(entry, now) : entry,
      ),
    };
    return { content: changed, told: `revoked ${id}\n` };
  });
}

async function list(args: readonly string[]): Promise<string> {
  const now = Date.now();
  return keysText(readKeyFile(onlyFile(readKeysFlags(args, [])), now), now);
}

type Grant = Pick<ApiKeyEntry, 'principal' | 'scopes' | 'notBefore' | 'expiresAt'>;
type Change = (content: KeyFileContent) => KeyChange<string>;

function withKey(grant: Grant): Change {
  const { id, text } = mintApiKey();
  const entry = { id, sha256: hashApiKey(text).toString('hex'), ...grant };
  return (content) => ({
    content: { ...content, keys: [...content.keys, entry] },
    told: `${text}\n`,
  });
}

function withCertificate(grant: Grant, certificate: string): Change {
  return (content) => ({
    content: { ...content, certificates: [...content.certificates, { certificate, ...grant }] },
    told: `${certificate}\n`,
  });
}

/** Keeps the first time of revocation: it is the one that an investigation asks for. */
function revoked<Entry extends Pick<ApiKeyEntry, 'revokedAt'>>(entry: Entry, now: number): Entry {
  return { ...entry, revokedAt: entry.revokedAt ?? instant(now) };
}

/** The former key, with an end that leaves its users the overlap, and never a longer life. */
function ended(entry: ApiKeyEntry, now: number, overlapMs: number): ApiKeyEntry {
  if (overlapMs === 0) return revoked(entry, now);
  const end = Math.min(Date.parse(entry.expiresAt), now + overlapMs);
  return { ...entry, expiresAt: instant(end) };
}

/** A new key lives as long as the one that it follows was meant to. */
function lifetimeOf({ notBefore, expiresAt }: ApiKeyEntry): number {
  const lifetime = notBefore === undefined ? 0 : Date.parse(expiresAt) - Date.parse(notBefore);
  return lifetime > 0 ? Math.min(lifetime, KEY_DAYS_MAX * DAY_MS) : DAYS_DEFAULT * DAY_MS;
}

function times(now: number, lifetimeMs: number): Pick<Grant, 'notBefore' | 'expiresAt'> {
  return { notBefore: instant(now), expiresAt: instant(now + lifetimeMs) };
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function principalOf(name: string): string {
  const parsed = PRINCIPAL_NAME.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ConfigurationProblem('--principal', messageOf(parsed.error));
}

function scopesOf(text: string): string[] {
  const scopes = [...new Set(text.split(','))];
  const parsed = scopes.map((scope) => KEY_SCOPE.safeParse(scope));
  const wrong = parsed.find(({ success }) => !success);
  if (wrong === undefined) return scopes;
  throw new ConfigurationProblem('--scopes', 'must be scopes such as files:read, with commas');
}

function messageOf({ issues }: { readonly issues: readonly { readonly message: string }[] }) {
  return issues[0]?.message ?? 'invalid';
}

function thumbprintOf(path: string): string {
  try {
    const { fingerprint256 } = new X509Certificate(readFileSync(path));
    return fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    throw new ConfigurationProblem('--certificate', 'the file holds no certificate');
  }
}

function onlyFile({ positionals }: KeysFlags): string {
  const [path, extra] = positionals;
  if (path === undefined) throw new ConfigurationProblem('FILE', 'is missing');
  if (extra !== undefined) throw new ConfigurationProblem(extra, 'unexpected argument');
  return path;
}

function fileAndId({ positionals }: KeysFlags): { readonly path: string; readonly id: string } {
  const [path, id, extra] = positionals;
  if (path === undefined) throw new ConfigurationProblem('FILE', 'is missing');
  if (id === undefined) throw new ConfigurationProblem('ID', 'is missing');
  if (extra !== undefined) throw new ConfigurationProblem(extra, 'unexpected argument');
  return { path, id };
}
