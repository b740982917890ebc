import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseHead, parseShallow } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Layout } from './layout.ts';
import { readPlain } from './plain-file.ts';
import { hostBytes } from './plain-tree.ts';
import { fileProblem, type FindingId, findingOf, type Report } from './report.ts';
import { isSame, type Stamp, stampAt } from './stamp.ts';

/** A small file of the repository's own directory. */
export interface Piece {
  readonly base: 'gitDir' | 'commonDir' | 'workTree';
  readonly steps: readonly string[];
  readonly bytesMax: number;
  /** When it changes, nothing that was made of it may go on: not even a process that runs. */
  readonly rebuilds: boolean;
  /** What of it git is shown; undefined shows nothing. */
  judge(bytes: Buffer): Judged;
  /** What git is shown where the repository has no such file. */
  readonly absent?: Buffer;
}

export type Judged =
  | { readonly ok: true; readonly shown: Buffer | undefined }
  /** It is malformed in a way in which git would print it, or read what it names. */
  | { readonly ok: false; readonly finding?: FindingId };

/**
 * The last line of the last file of attributes that git asks, so it outranks all others: no file of the
 * work tree is converted. The C library's iconv would load a converter that the repository names, and
 * run it on what the repository holds.
 */
const NO_CONVERSION = Buffer.from('\n* !working-tree-encoding\n');

/** The files that are copied into the private directory, each after it was judged. */
export const PIECES = {
  head: {
    base: 'gitDir',
    steps: ['HEAD'],
    bytesMax: 8192,
    rebuilds: false,
    judge: judgeHead,
  },
  shallow: {
    base: 'commonDir',
    steps: ['shallow'],
    bytesMax: LIMITS.configBytesMax * 8,
    rebuilds: true,
    judge: (bytes) =>
      parseShallow(bytes.toString('latin1')) === undefined ? NOT_OK : shown(bytes),
  },
  exclude: {
    base: 'commonDir',
    steps: ['info', 'exclude'],
    bytesMax: LIMITS.configBytesMax,
    rebuilds: false,
    judge: shown,
  },
  // The drivers that it names have no programs without the repository's settings.
  attributes: {
    base: 'commonDir',
    steps: ['info', 'attributes'],
    bytesMax: LIMITS.configBytesMax,
    rebuilds: false,
    judge: (bytes) => shown(Buffer.concat([bytes, NO_CONVERSION])),
    absent: NO_CONVERSION,
  },
  sparse: {
    base: 'gitDir',
    steps: ['info', 'sparse-checkout'],
    bytesMax: LIMITS.configBytesMax,
    rebuilds: false,
    judge: shown,
  },
} as const satisfies Record<string, Piece>;

const NOT_OK: Judged = { ok: false };

function shown(bytes: Buffer): Judged {
  return { ok: true, shown: bytes };
}

/** Written anew, so that nothing stands in it but what was understood. */
function judgeHead(bytes: Buffer): Judged {
  const head = parseHead(bytes.toString('utf8'));
  if (head.kind === 'problem') return NOT_OK;
  return shown(Buffer.from(head.kind === 'symbolic' ? `ref: ${head.name}\n` : `${head.oid}\n`));
}

/** What was taken of a piece, and how a later call knows that it still holds. */
export interface Taken {
  readonly stamp: Stamp;
  readonly digest: string;
}

/** Reads and judges a piece. Undefined when there is a finding. Bytes are undefined where there is nothing to show. */
export function takePiece(
  piece: Piece,
  layout: Layout,
  report: Report,
): { readonly taken: Taken; readonly bytes: Buffer | undefined } | undefined {
  const where = hostBytes(piece.steps.join('/'));
  const base = layout[piece.base];
  const file = base === undefined ? undefined : readPlain(base, piece.steps, piece.bytesMax);
  if (file?.kind === 'problem') {
    report.add(fileProblem(file.problem, where));
    return undefined;
  }
  if (file?.kind !== 'file')
    return { taken: { stamp: file?.stamp ?? '-', digest: '' }, bytes: piece.absent };
  const judged = piece.judge(file.bytes);
  if (judged.ok)
    return { taken: { stamp: file.stamp, digest: digestOf(file.bytes) }, bytes: judged.shown };
  report.add(findingOf(judged.finding ?? 'layout.malformed', where));
  return undefined;
}

/** True while the file was not touched since it was taken. */
export function isUntouched(piece: Piece, layout: Layout, { stamp }: Taken): boolean {
  const base = layout[piece.base];
  return base === undefined || isSame(stamp, stampAt(join(base, ...piece.steps)));
}

/** Puts a file in place at once: a process of git sees the old one or the new one. */
export function putFile(path: string, content: Buffer | string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}
