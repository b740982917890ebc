import type { Trusted } from '@secure-mcp/validation';

/**
 * The full name of an object: 40 lower-case hexadecimal digits, or 64 in a sha256 repository.
 *
 * It can be no option, no range and no path, so it is the only form in which a revision ever reaches
 * git's arguments. Not promised: that the object exists.
 */
export type Oid = Trusted<string, 'Oid'>;

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads a full name, from a caller or from git itself. */
export function parseOid(text: string): Oid | undefined {
  return OID.test(text) ? (text as Oid) : undefined;
}
