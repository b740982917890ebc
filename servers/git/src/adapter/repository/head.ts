import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { parseHead } from '../../guard/layout/index.ts';
import { type Oid, parseOid } from '../../guard/oid.ts';
import { readPlain } from './plain-file.ts';
import type { Prepared } from './prepare.ts';

/** Where a repository stands. */
export interface HeadFacts {
  /** Undefined before the first commit. */
  readonly oid: Oid | undefined;
  /** Without `refs/heads/`; undefined when HEAD is detached. */
  readonly branch: string | undefined;
}

const HEAD_BYTES_MAX = 8192;
const BRANCHES = 'refs/heads/';
/** A branch that stands for another one, and that for another. git follows five. */
const LINKS_MAX = 5;

/** Reads HEAD and the branch that it names from files, without git: a listing shows hundreds. */
export function headOf(prepared: Prepared): HeadFacts {
  const { gitDir, commonDir } = prepared.layout;
  let head = readHead(gitDir, ['HEAD']);
  const branch =
    head.kind === 'symbolic' && head.name.startsWith(BRANCHES)
      ? head.name.slice(BRANCHES.length)
      : undefined;
  for (let links = 0; head.kind === 'symbolic' && links < LINKS_MAX; links += 1) {
    const { name } = head;
    const next = readHead(commonDir, name.split('/'));
    if (next.kind === 'problem') return { oid: packedOid(prepared, name), branch };
    head = next;
  }
  return { oid: head.kind === 'detached' ? head.oid : undefined, branch };
}

function readHead(base: string, steps: readonly string[]): ReturnType<typeof parseHead> {
  const file = readPlain(base, steps, HEAD_BYTES_MAX);
  return file.kind === 'file' ? parseHead(file.bytes.toString('utf8')) : { kind: 'problem' };
}

const PIECE_BYTES = 262_144;

/** Searches our copy of `packed-refs`, of which every line is in order. */
function packedOid({ common, packed }: Prepared, name: string): Oid | undefined {
  if (packed.facts === undefined) return undefined;
  const wanted = ` ${Buffer.from(name).toString('latin1')}`;
  let found: Oid | undefined;
  eachLine(join(common, 'packed-refs'), (line) => {
    if (line.endsWith(wanted)) found = parseOid(line.slice(0, -wanted.length));
    return found === undefined;
  });
  return found;
}

/** Goes over the lines of a file of ours, as binary strings, until `see` says false. */
export function eachLine(path: string, see: (line: string) => boolean): void {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    let carry = '';
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
      const lines = (carry + buffer.toString('latin1', 0, length)).split('\n');
      carry = lines.pop() ?? '';
      if (!lines.every(see)) return;
    }
  } finally {
    closeSync(fd);
  }
}
