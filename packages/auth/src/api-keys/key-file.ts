import * as z from 'zod';

import { instant } from '../instant.ts';
import { describeFirst } from '../zod-problem.ts';
import { type Granted, keyPrincipal } from './principals.ts';
import { API_KEY_ID, holdsApiKey } from './secret.ts';
import { type Validity, validityOf } from './validity.ts';

/** A key that nobody has to replace within a year is never replaced. */
export const KEY_DAYS_MAX = 366;
const DAY_MS = 86_400_000;
const ENTRIES_MAX = 10_000;

/** The name of a caller in the file. It becomes part of ids, log lines and listings. */
export const PRINCIPAL_NAME = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, 'must be a name of letters, digits and . _ @ -');

export const KEY_SCOPE = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}:[a-z][a-z0-9_-]{0,31}$/, 'must be written noun:verb');

const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits');

const common = {
  principal: PRINCIPAL_NAME.describe('Who calls with it. Several entries may name the same one.'),
  scopes: z.array(KEY_SCOPE).max(64).describe('What it grants, before any policy.'),
  notBefore: instant.optional().describe('Not accepted earlier.'),
  expiresAt: instant.describe('Not accepted from then on.'),
  revokedAt: instant.optional().describe('Withdrawn: not accepted, whatever the other times say.'),
};

const apiKey = z.strictObject({
  id: z.string().regex(API_KEY_ID, 'must be 12 lower-case letters and digits'),
  sha256: sha256Hex.describe('Of the whole key. The key itself is kept by its holder only.'),
  ...common,
});

const certificate = z.strictObject({
  certificate: sha256Hex.describe('Of the client certificate in DER.'),
  ...common,
});

const keyFileSchema = z.strictObject({
  version: z.literal(1),
  keys: z.array(apiKey).max(ENTRIES_MAX).default([]),
  certificates: z.array(certificate).max(ENTRIES_MAX).default([]),
});

/** The file of `--keys` as it is written. */
export type KeyFileContent = z.output<typeof keyFileSchema>;
export type ApiKeyEntry = KeyFileContent['keys'][number];
export type CertificateEntry = KeyFileContent['certificates'][number];

/** An entry of an API key, with what each request needs of it in the form that it is needed in. */
export interface KnownKey extends ApiKeyEntry {
  readonly hash: Uint8Array;
  readonly validity: Validity;
  readonly granted: Granted;
}

/** The file of `--keys`, ready for look-ups. */
export interface KeyFile {
  readonly content: KeyFileContent;
  key(id: string): KnownKey | undefined;
  /** By SHA-256 in lower-case hexadecimal digits. */
  certificate(sha256: string): CertificateEntry | undefined;
}

export type ParsedKeyFile =
  | { readonly ok: true; readonly file: KeyFile }
  /** The problem names the place, and repeats nothing of the file. */
  | { readonly ok: false; readonly problem: string };

/**
 * Judges the parsed JSON of a file of keys. A file with one wrong entry is wrong as a whole: half of it
 * would be a configuration that nobody wrote.
 */
export function parseKeyFile(value: unknown, now: number): ParsedKeyFile {
  // First, because the complaint about a wrong field must not be what shows the key.
  if (holdsKeyAnywhere(value))
    return no('the file holds an API key itself; it may only hold its SHA-256');
  const parsed = keyFileSchema.safeParse(value);
  if (!parsed.success) return no(describeFirst(parsed.error));
  const { keys, certificates } = parsed.data;
  const problem =
    timesProblem('keys', keys, now) ??
    timesProblem('certificates', certificates, now) ??
    twice(
      'keys',
      'id',
      keys.map(({ id }) => id),
    ) ??
    twice(
      'keys',
      'sha256',
      keys.map(({ sha256 }) => sha256),
    ) ??
    twice(
      'certificates',
      'certificate',
      certificates.map((entry) => entry.certificate),
    );
  return problem === undefined ? { ok: true, file: indexed(parsed.data) } : no(problem);
}

function indexed(content: KeyFileContent): KeyFile {
  const keys = new Map(content.keys.map((entry) => [entry.id, known(entry)]));
  const certificates = new Map(content.certificates.map((entry) => [entry.certificate, entry]));
  return {
    content,
    key: (id) => keys.get(id),
    certificate: (sha256) => certificates.get(sha256),
  };
}

function known(entry: ApiKeyEntry): KnownKey {
  const hash = Buffer.from(entry.sha256, 'hex');
  const validity = validityOf(entry);
  const granted = { principal: keyPrincipal(entry), expiresAt: validity.expiresAt };
  return { ...entry, hash, validity, granted };
}

type Times = Pick<ApiKeyEntry, 'notBefore' | 'expiresAt'>;

function timesProblem(list: string, entries: readonly Times[], now: number): string | undefined {
  const latest = now + KEY_DAYS_MAX * DAY_MS;
  for (const [at, { notBefore, expiresAt }] of entries.entries()) {
    const place = `${list}.${String(at)}.expiresAt`;
    const ends = Date.parse(expiresAt);
    if (ends > latest) return `${place}: at most ${String(KEY_DAYS_MAX)} days from now`;
    if (notBefore !== undefined && Date.parse(notBefore) >= ends)
      return `${place}: must be later than notBefore`;
  }
  return undefined;
}

function twice(list: string, field: string, values: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const [at, value] of values.entries()) {
    if (seen.has(value)) return `${list}.${String(at)}.${field}: stands there twice`;
    seen.add(value);
  }
  return undefined;
}

function holdsKeyAnywhere(root: unknown): boolean {
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string' && holdsApiKey(value)) return true;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value)) pending.push(name, member);
  }
  return false;
}

function no(problem: string): ParsedKeyFile {
  return { ok: false, problem };
}
