import { createHash } from 'node:crypto';

import type { ObjectInfo } from '../results.ts';

/**
 * Hashes an object as it is read, to see that it is the one whose name it has: git does not, and on the
 * disk any bytes can stand under any id. A commit that was reviewed under its id would be another one.
 */
export class Digest {
  readonly #oid: string;
  readonly #hash;

  constructor({ oid, kind, size }: ObjectInfo) {
    this.#oid = oid;
    this.#hash = createHash(oid.length === SHA1_DIGITS ? 'sha1' : 'sha256');
    this.#hash.update(`${kind} ${size}\0`);
  }

  push(piece: Buffer): void {
    this.#hash.update(piece);
  }

  /** Whether all that was pushed is the object. */
  fits(): boolean {
    return this.#hash.digest('hex') === this.#oid;
  }
}

const SHA1_DIGITS = 40;
