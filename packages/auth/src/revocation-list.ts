import * as z from 'zod';

import { API_KEY_ID } from './api-keys/secret.ts';
import { instant } from './instant.ts';
import { REVOCATION_BOUNDS } from './revocation-bounds.ts';
import { describeFirst } from './zod-problem.ts';

const name = z.string().min(1).max(512);
const until = instant
  .optional()
  .describe('When everything that it names has expired by itself. Absent: it stays in force.');

/**
 * What one entry takes back. Each form has a field that no other form has, so a file cannot mean two
 * things at once.
 */
const revocation = z.union(
  [
    z.strictObject({ issuer: name, tokenId: name.describe('The `jti` of one token.'), until }),
    z.strictObject({
      key: z
        .string()
        .regex(API_KEY_ID, 'must be the id of a key')
        .describe('The id of an API key.'),
      until,
    }),
    z.strictObject({
      certificate: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits')
        .describe('SHA-256 of a client certificate: its callers, and tokens that come with it.'),
      until,
    }),
    z.strictObject({ subject: name, issuer: name.optional(), until }),
    z.strictObject({ client: name, issuer: name.optional(), until }),
    z.strictObject({ principal: name.describe('The id that the audit trail shows.'), until }),
    z.strictObject({
      issuedBefore: instant.describe('Whatever was issued earlier, or does not say when.'),
      principal: name.optional().describe('Absent: of all callers.'),
      until,
    }),
  ],
  { error: 'is none of the forms of a revocation' },
);

/** Only control characters, which JSON writes as six each, can make an entry too long to be shared. */
const shareable = revocation.refine(
  (entry) => revocationToText(entry).length <= REVOCATION_BOUNDS.characters,
  `must be at most ${String(REVOCATION_BOUNDS.characters)} characters long`,
);

const revocationFile = z.strictObject({
  version: z.literal(1),
  revoked: z
    .array(shareable)
    .refine(
      ({ length }) => length <= REVOCATION_BOUNDS.entries,
      `must hold at most ${String(REVOCATION_BOUNDS.entries)} entries; one with issuedBefore can stand for many`,
    ),
});

/** One entry of the list of revocations. */
export type Revocation = z.output<typeof revocation>;

export type ParsedRevocations =
  | { readonly ok: true; readonly revoked: readonly Revocation[] }
  /** The problem names the place, and repeats nothing of the file. */
  | { readonly ok: false; readonly problem: string };

/** Judges the parsed JSON of a file of revocations. */
export function parseRevocations(value: unknown): ParsedRevocations {
  const parsed = revocationFile.safeParse(value);
  return parsed.success
    ? { ok: true, revoked: parsed.data.revoked }
    : { ok: false, problem: describeFirst(parsed.error) };
}

/** An entry as the replicas tell it each other. */
export function revocationToText(entry: Revocation): string {
  return JSON.stringify(entry);
}

/** Reads what another replica wrote. Undefined for what is none, which a newer version may have written. */
export function revocationFromText(text: string): Revocation | undefined {
  if (text.length > REVOCATION_BOUNDS.characters) return undefined;
  try {
    return revocation.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
