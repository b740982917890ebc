import { Refusal, type RefusalOptions } from '@secure-mcp/validation';

import { REFUSALS } from '../guard/index.ts';
import { conditionOf } from './sqlstate.ts';

/** Where an error came up: the same code can mean the configuration or the statement. */
export type Phase = 'connect' | 'session' | 'statement';

type Code = keyof typeof REFUSALS;

/** When an unreachable server is asked again at the earliest, in milliseconds. */
const RETRY_MS = 1000;

/**
 * Makes a refusal of what the driver or the server says. Nothing of their text is in it: messages of
 * PostgreSQL repeat values ("invalid input syntax for type integer: …"), and the driver's repeat
 * addresses. What remains is the code, its name out of our table, and a position.
 *
 * `placeOf` tells where the caller wrote what stands at a place of the text that was sent.
 */
export function refusalOf(
  error: unknown,
  phase: Phase,
  placeOf: PlaceOf = () => undefined,
): Refusal {
  if (error instanceof Refusal) return error;
  if (!isServerError(error)) return refusalOfDriver(error, phase);
  const { code } = error;
  const condition = conditionOf(code);
  const options = { detail: `SQLSTATE ${condition ?? 'of no condition of PostgreSQL'}` };
  if (isOutage(code)) return unavailable(options);
  if (phase !== 'statement' && !isTimeout(code)) return misfit(code, condition, options);
  const hint = [`SQLSTATE ${condition ?? 'of the database’s own'}.`, positionOf(error, placeOf)]
    .filter((part) => part !== undefined)
    .join(' ');
  return make(codeOf(code), { ...options, hint });
}

export function unavailable(options: RefusalOptions = {}): Refusal {
  return make('database.unavailable', { ...options, retryAfterMs: RETRY_MS });
}

export function make(code: Code, options: RefusalOptions = {}): Refusal {
  return new Refusal(code, REFUSALS[code], options);
}

interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly position?: string | undefined;
}

/** Only the server has severities; a driver's `EPIPE` looks like a code of five characters, too. */
function isServerError(error: unknown): error is Error & ServerError {
  return (
    error instanceof Error &&
    'severity' in error &&
    typeof error.severity === 'string' &&
    'code' in error &&
    typeof error.code === 'string'
  );
}

/** Lost, shutting down, restarting, or full: it passes. */
function isOutage(code: string): boolean {
  return /^0800\d$|^57P0[1-35]$|^53300$/.test(code);
}

function isTimeout(code: string): boolean {
  return code === '57014' || code === '55P03' || code === '25P03' || code === '25P04';
}

function codeOf(code: string): Code {
  if (isTimeout(code)) return 'database.timeout';
  // The role's limit of temporary files: the statement sorts or joins more than it should.
  if (code === '53400') return 'database.too_much';
  if (code === '42501' || code === '25006') return 'database.denied';
  if (code === '42P01') return 'relation.unknown';
  return code === '42703' ? 'column.unknown' : 'database.error';
}

/** The server is there and does not take us. What is wrong is the operator's to know. */
function misfit(code: string, condition: string | undefined, options: RefusalOptions): Refusal {
  const why = WHY_NOT.find(([codes]) => codes.test(code))?.[1] ?? 'It refused the session.';
  return make('database.refused', {
    ...options,
    hint: condition === undefined ? why : `${why} SQLSTATE ${condition}.`,
  });
}

const WHY_NOT: readonly (readonly [codes: RegExp, why: string])[] = [
  [/^28/, 'It refused the user, the password or the certificate.'],
  [/^3D000$/, 'There is no such database.'],
  [/^42501$/, 'The role may not do what a session begins with.'],
  [/^22023$|^42704$/, 'A role or a setting of the configuration does not exist.'],
];

/** From a place of the text that was sent to one of the caller's, both counted from one. */
export type PlaceOf = (sent: number) => number | undefined;

/** A place in our own text says nothing about a caller's. */
function positionOf({ position }: ServerError, placeOf: PlaceOf): string | undefined {
  const sent = Number(position);
  const at = Number.isSafeInteger(sent) && sent > 0 ? placeOf(sent) : undefined;
  return at === undefined ? undefined : `At character ${String(at)}.`;
}

/** What Node and the driver say while they connect, in the codes that they have for it. */
function refusalOfDriver(error: unknown, phase: Phase): Refusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = /^[A-Z0-9_]{3,64}$/.test(code) ? code : 'the connection ended';
  if (error instanceof Error && phase === 'connect') {
    const hint = DRIVER.find(([pattern]) => pattern.test(code) || pattern.test(error.name))?.[1];
    if (hint !== undefined) return make('database.refused', { detail, hint });
    if (error.message.startsWith('SASL'))
      return make('database.refused', { detail, hint: 'The password exchange failed.' });
  }
  return unavailable({ detail });
}

const DRIVER: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /^TlsRefused$/,
    'The server does not offer TLS. Turn it on there, or, on a trusted network only, off here (--database-tls).',
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'The server’s certificate is for another host.'],
  [/^CERT_HAS_EXPIRED$|^CERT_NOT_YET_VALID$/, 'The server’s certificate is not valid now.'],
  [
    /SELF_SIGNED|^UNABLE_TO_|^CERT_/,
    'The server’s certificate is signed by nobody that is trusted here: name its authority.',
  ],
  [/^ERR_SSL_|^ERR_TLS_|^EPROTO$|^ERR_OSSL_/, 'The TLS handshake failed.'],
];
