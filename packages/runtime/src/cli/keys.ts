import type { Scope } from '@secure-mcp/auth';
import {
  type ApiKeyEntry,
  hashApiKey,
  KEY_DAYS_MAX,
  type KeyFileContent,
  mintApiKey,
  validityProblem,
} from '@secure-mcp/auth/network';

import { ConfigurationProblem } from '../config/problem.ts';
import { fileAndId, onlyFile, principalOf, scopesOf, thumbprintOf } from './keys-arguments.ts';
import { changeKeyFile, type ChangeOptions, type KeyChange, readKeyFile } from './keys-file.ts';
import { readKeysFlags } from './keys-flags.ts';
import { DAYS_DEFAULT, keysHelp, OVERLAP_HOURS_DEFAULT, OVERLAP_HOURS_MAX } from './keys-help.ts';
import { keysText } from './keys-text.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What the commands know of the server that they belong to. */
export interface KeysParts {
  /** As the command is called. */
  readonly name: string;
  /** All that the server has, whatever its configuration opens. */
  readonly scopes: readonly Scope[];
  /** Takes a line for a person. It goes to stderr, so that stdout holds the key and nothing else. */
  readonly tell: (line: string) => void;
}

type Command = (args: readonly string[], parts: KeysParts) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = { add, rotate, revoke, list };

/**
 * Runs `keys add|rotate|revoke|list FILE`, and gives back what goes to stdout. A new key is shown there
 * once: the file holds its SHA-256 only.
 *
 * @throws ConfigurationProblem for all that is wrong with the arguments or the file.
 */
export async function runKeys(args: readonly string[], parts: KeysParts): Promise<string> {
  if (args.includes('--help')) return keysHelp(parts.name, parts.scopes);
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new ConfigurationProblem('keys', 'expected add, rotate, revoke or list; see keys --help');
  return command(rest, parts);
}

async function add(args: readonly string[], { scopes, tell }: KeysParts): Promise<string> {
  const flags = readKeysFlags(args, ['principal', 'scopes', 'days', 'certificate']);
  const path = onlyFile(flags);
  const now = Date.now();
  const entry = {
    principal: principalOf(flags.required('principal')),
    scopes: scopesOf(flags.required('scopes'), scopes),
    ...times(now, (flags.integer('days', 1, KEY_DAYS_MAX) ?? DAYS_DEFAULT) * DAY_MS),
  };
  const certificate = flags.value('certificate');
  const change =
    certificate === undefined ? withKey(entry) : withCertificate(entry, thumbprintOf(certificate));
  return changed(path, { now, mayCreate: true, tell }, change);
}

async function rotate(args: readonly string[], { tell }: KeysParts): Promise<string> {
  const flags = readKeysFlags(args, ['days', 'overlap-hours']);
  const { path, id } = fileAndId(flags);
  const days = flags.integer('days', 1, KEY_DAYS_MAX);
  const overlap = flags.integer('overlap-hours', 0, OVERLAP_HOURS_MAX) ?? OVERLAP_HOURS_DEFAULT;
  const now = Date.now();
  return changed(path, { now, mayCreate: false, tell }, (content) => {
    const former = content.keys.find((entry) => entry.id === id);
    if (former === undefined) throw new ConfigurationProblem('no such key', id);
    const problem = validityProblem(former, now);
    if (problem !== undefined)
      throw new ConfigurationProblem(id, `the key is ${problem}; add one instead`);
    const { principal, scopes } = former;
    const lifetimeMs = days === undefined ? lifetimeOf(former) : days * DAY_MS;
    const ending = ended(former, now, overlap * HOUR_MS);
    const keys = content.keys.map((entry) => (entry === former ? ending : entry));
    return withKey({ principal, scopes, ...times(now, lifetimeMs) })({ ...content, keys });
  });
}

async function revoke(args: readonly string[], { tell }: KeysParts): Promise<string> {
  const { path, id } = fileAndId(readKeysFlags(args, []));
  const now = Date.now();
  return changed(path, { now, mayCreate: false, tell }, (content) => {
    const { keys, certificates } = content;
    const named = [
      ...keys.filter((entry) => entry.id === id),
      ...certificates.filter((entry) => entry.certificate === id),
    ];
    if (named.length === 0) throw new ConfigurationProblem('no such key or certificate', id);
    const without = {
      ...content,
      keys: keys.map((entry) => (entry.id === id ? revoked(entry, now) : entry)),
      certificates: certificates.map((entry) =>
        entry.certificate === id ? revoked(entry, now) : entry,
      ),
    };
    return { content: without, told: { text: `revoked ${id}\n` } };
  });
}

async function list(args: readonly string[], { tell }: KeysParts): Promise<string> {
  const now = Date.now();
  return keysText(readKeyFile(onlyFile(readKeysFlags(args, [])), { now, tell }), now);
}

/** What is printed of a change. */
interface Told {
  readonly text: string;
  /** For a person, beside it. */
  readonly line?: string;
}

/** Makes a change, and tells of it once it is on the disk. */
async function changed(path: string, options: ChangeOptions, change: Change): Promise<string> {
  const { text, line } = await changeKeyFile(path, options, change);
  if (line !== undefined) options.tell(line);
  return text;
}

type Grant = Pick<ApiKeyEntry, 'principal' | 'scopes' | 'notBefore' | 'expiresAt'>;
type Change = (content: KeyFileContent) => KeyChange<Told>;

function withKey(grant: Grant): Change {
  const { id, text } = mintApiKey();
  const entry = { id, sha256: hashApiKey(text).toString('hex'), ...grant };
  return (content) => ({
    content: { ...content, keys: [...content.keys, entry] },
    told: { text: `${text}\n`, line: `id ${id}, ${described('key', grant)}` },
  });
}

function withCertificate(grant: Grant, certificate: string): Change {
  return (content) => ({
    content: { ...content, certificates: [...content.certificates, { certificate, ...grant }] },
    told: { text: `${certificate}\n`, line: described('certificate', grant) },
  });
}

function described(kind: 'key' | 'certificate', { principal, scopes, expiresAt }: Grant): string {
  return `caller ${kind}:${principal}, scopes ${scopes.join(',')}, until ${expiresAt}`;
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
