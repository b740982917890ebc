import type { JWK } from 'jose';
import * as z from 'zod';

import { isJsonObject } from '../strict-json.ts';
import { canonicalBytes } from './compact.ts';

/** Bits of an RSA modulus. Beyond the upper bound a signature costs milliseconds, which anyone can spend. */
const RSA_BITS = { min: 2048, max: 8192 };

/** Exponents below 65537 have broken verifiers; longer ones than four bytes only cost time. */
const RSA_EXPONENT = { min: 65_537, bytesMax: 4 };

/** Bytes of a coordinate of each curve. */
const CURVES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

const ED25519_BYTES = 32;

/** Members that only a private or a shared key has. Who publishes one has lost that key. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

const purpose = z.object({
  kid: z.string().max(256).optional(),
  use: z.literal('sig').optional(),
  alg: z.string().max(32).optional(),
  key_ops: z
    .array(z.string().max(32))
    .max(8)
    .refine((operations) => operations.includes('verify'))
    .optional(),
});

const bytes = z
  .string()
  .max(2048)
  .refine((text) => canonicalBytes(text) !== undefined);

const keys = z.discriminatedUnion('kty', [
  purpose.extend({
    kty: z.literal('RSA'),
    n: bytes.refine(isModulus),
    e: bytes.refine(isExponent),
  }),
  purpose
    .extend({ kty: z.literal('EC'), crv: z.enum(Object.keys(CURVES)), x: bytes, y: bytes })
    .refine(({ crv, x, y }) => [x, y].every((text) => bytesOf(text) === CURVES[crv])),
  purpose
    .extend({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: bytes })
    .refine(({ x }) => bytesOf(x) === ED25519_BYTES),
]);

/**
 * The public members of a key that may verify signatures. Undefined for all others: too weak, too
 * costly, for another use, private, or of an unknown kind, which RFC 7517 §5 wants to be ignored.
 */
export function verificationKey(jwk: unknown): JWK | undefined {
  if (!isJsonObject(jwk) || SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    return undefined;
  }
  const { success, data } = keys.safeParse(jwk);
  if (!success) return undefined;
  const { kid, use, alg, key_ops: operations, ...rest } = data;
  return {
    ...rest,
    ...(kid === undefined ? {} : { kid }),
    ...(use === undefined ? {} : { use }),
    ...(alg === undefined ? {} : { alg }),
    ...(operations === undefined ? {} : { key_ops: operations }),
  };
}

function isModulus(text: string): boolean {
  const bits = bitsOf(canonicalBytes(text) ?? new Uint8Array());
  return bits >= RSA_BITS.min && bits <= RSA_BITS.max;
}

function isExponent(text: string): boolean {
  const exponent = canonicalBytes(text);
  if (exponent === undefined || exponent.length > RSA_EXPONENT.bytesMax) return false;
  const value = exponent.reduce((sum, byte) => sum * 256 + byte, 0);
  return value >= RSA_EXPONENT.min && value % 2 === 1;
}

function bitsOf(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  if (first < 0) return 0;
  return (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24;
}

function bytesOf(text: string): number {
  return canonicalBytes(text)?.length ?? 0;
}
