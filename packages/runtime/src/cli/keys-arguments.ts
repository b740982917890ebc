import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { covers, type Scope } from '@secure-mcp/auth';
import { API_KEY_ID, API_KEY_PREFIX, KEY_SCOPE, PRINCIPAL_NAME } from '@secure-mcp/auth/network';

import { ConfigurationProblem } from '../config/problem.ts';
import type { KeysFlags } from './keys-flags.ts';

const THUMBPRINT = /^[0-9a-f]{64}$/;

/** The argument of a command that works on a file as a whole. */
export function onlyFile({ positionals }: KeysFlags): string {
  const [path, extra] = positionals;
  assertNoMore(extra);
  return pathOf(path);
}

/** The arguments of a command that works on one entry. */
export function fileAndId({ positionals }: KeysFlags): {
  readonly path: string;
  readonly id: string;
} {
  const [path, id, extra] = positionals;
  assertNoMore(extra);
  return { path: pathOf(path), id: idOf(id) };
}

function pathOf(path: string | undefined): string {
  if (path === undefined) throw new ConfigurationProblem('FILE', 'is missing; see keys --help');
  if (holdsKey(path)) throw new ConfigurationProblem('FILE', 'is a key; the file comes first');
  return path;
}

/** What a message may repeat is of the form of an id: whoever pastes a key here must not find it in a log. */
function idOf(id: string | undefined): string {
  if (id === undefined) throw new ConfigurationProblem('ID', 'is missing; see keys list FILE');
  if (API_KEY_ID.test(id) || THUMBPRINT.test(id)) return id;
  throw new ConfigurationProblem(
    'ID',
    holdsKey(id)
      ? 'is a whole key; its id is its second part, as in mcpk_ID_…'
      : 'is neither the id of a key nor a thumbprint; keys list FILE shows them',
  );
}

function assertNoMore(extra: string | undefined): void {
  if (extra !== undefined)
    throw new ConfigurationProblem(holdsKey(extra) ? 'a key' : extra, 'unexpected argument');
}

function holdsKey(text: string): boolean {
  return text.includes(API_KEY_PREFIX);
}

export function principalOf(name: string): string {
  const parsed = PRINCIPAL_NAME.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ConfigurationProblem('--principal', parsed.error.issues[0]?.message ?? 'invalid');
}

/** Scopes that cover what the server has: one that is mistyped would grant nothing, and nobody would be told. */
export function scopesOf(text: string, known: readonly Scope[]): string[] {
  const scopes = [...new Set(text.split(','))];
  if (!scopes.every((scope) => KEY_SCOPE.safeParse(scope).success))
    throw new ConfigurationProblem('--scopes', 'must be scopes such as files:read, with commas');
  const unknown = scopes.filter(
    (scope) => !known.some((needed) => covers(new Set([scope]), needed)),
  );
  if (unknown.length === 0) return scopes;
  const has = `this server has ${known.join(', ')}`;
  throw new ConfigurationProblem('--scopes', `there is no ${unknown.join(', ')}; ${has}`);
}

export function thumbprintOf(path: string): string {
  try {
    const { fingerprint256 } = new X509Certificate(readFileSync(path));
    return fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    throw new ConfigurationProblem('--certificate', 'the file holds no certificate');
  }
}
