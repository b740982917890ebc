import { type Oid, parseOid, refuse } from '../../guard/index.ts';

/** The tree without entries, which git knows without having it. */
export function emptyTree(format: 'sha1' | 'sha256'): Oid {
  return parseOid(NAMES[format]) ?? refuse('repository.broken');
}

const NAMES = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;
