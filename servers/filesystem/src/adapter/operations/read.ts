import type { Stats } from 'node:fs';

import { Refusal } from '@secure-mcp/validation';

import { refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { JobPlace, ReadJob, ReadOptions } from '../job.ts';
import { readBytes } from '../read/chunks.ts';
import { newScan, type Scan } from '../read/scan.ts';
import { holdsDisguised, holdsSecret, isWide } from '../read/screen.ts';
import { type Sniffed, SNIFF_BYTES, sniff } from '../read/sniff.ts';
import type { BytesRead, MediaRead, ReadOutcome, ReadResult } from '../results.ts';
import { factsOf } from './facts.ts';
import { readText, type TextSource } from './read-text.ts';
import type { Work } from './work.ts';

/** Reads one file, or several within one budget of bytes. */
export function read(job: ReadJob, work: Work): ReadResult {
  const scan = newScan(() => work.pause());
  const readOne = (place: JobPlace, options: ReadOptions): ReadOutcome =>
    readPlace(place, options, work, scan);
  if (!job.several) return { kind: 'read', files: job.files.map((place) => readOne(place, job)) };
  let left = job.bytes;
  const files = job.files.map((place) => {
    work.pause();
    const outcome = refusedOr(() => {
      if (scan.left <= 0) refuse('file.too_large', { hint: 'Read it alone.' });
      return readOne(place, { ...job, bytes: left });
    });
    if (outcome.kind === 'text') left -= Buffer.byteLength(outcome.text);
    return outcome;
  });
  return { kind: 'read', files };
}

/** One file that is refused must not take the others with it. */
function refusedOr(attempt: () => ReadOutcome): ReadOutcome {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'refused', code: error.code, message: error.message };
  }
}

function readPlace(place: JobPlace, options: ReadOptions, work: Work, scan: Scan): ReadOutcome {
  const destination = work.open(place);
  try {
    if (destination.kind === 'directory') return refuse('path.not_a_file');
    const { descriptor, stats } = destination.file;
    return options.encoding === 'base64'
      ? bytesRead(descriptor, stats, options)
      : readSniffed(descriptor, stats, options, scan);
  } finally {
    destination.close();
  }
}

/** Reads a file as what its first bytes say, or as text in the encoding that the caller names. */
function readSniffed(
  descriptor: number,
  stats: Stats,
  options: ReadOptions,
  scan: Scan,
): ReadOutcome {
  const sniffed = sniff(readBytes(descriptor, 0, Math.min(SNIFF_BYTES, stats.size)));
  const source = { descriptor, stats, scan };
  refuseDisguise(source, options, sniffed);
  if (options.encoding !== 'auto') {
    const bomBytes = sniffed.kind === 'text' ? sniffed.bomBytes : 0;
    return readText({ ...source, encoding: options.encoding, bomBytes }, options);
  }
  switch (sniffed.kind) {
    case 'text':
      return readText(
        { ...source, encoding: sniffed.encoding, bomBytes: sniffed.bomBytes },
        options,
      );
    case 'media':
      return options.media !== 'no'
        ? mediaRead(descriptor, stats, sniffed, options)
        : { kind: 'binary', ...factsOf(stats) };
    case 'binary':
      return { kind: 'binary', ...factsOf(stats) };
  }
}

/**
 * Refuses to read a file with secrets in an encoding that would spell them in other letters. Read as
 * UTF-16, a token is a row of Chinese characters, and whoever encodes them again has the token.
 */
function refuseDisguise(
  { descriptor, stats: { size }, scan }: Pick<TextSource, 'descriptor' | 'stats' | 'scan'>,
  { encoding, hideSecrets }: ReadOptions,
  sniffed: Sniffed,
): void {
  const own = sniffed.kind === 'text' ? sniffed.encoding : undefined;
  const effective = encoding === 'auto' ? own : encoding;
  if (!hideSecrets || effective === undefined || !OTHER_LETTERS.test(effective)) return;
  if (size > scan.left) refuse('file.too_large');
  for (let from = 0; from < size; from += PIECE_BYTES) {
    const length = Math.min(size - from, PIECE_BYTES + SECRET_MARGIN_BYTES);
    const piece = readBytes(descriptor, from, length);
    scan.take(piece.length);
    if (holdsInOtherLetters(piece, effective, own)) refuse('file.secret');
  }
}

/** In its own encoding a file is screened as text; in another one nothing of a secret may be in it. */
function holdsInOtherLetters(piece: Buffer, encoding: string, own: string | undefined): boolean {
  return encoding === own && isWide(encoding)
    ? holdsDisguised(piece, encoding)
    : holdsSecret(piece, { start: 0, end: piece.length });
}

/** Encodings in which a byte of ASCII can be a part of something else. */
const OTHER_LETTERS = /^(?:utf-16|gb|big5|euc|shift_jis|iso-2022)/;

function mediaRead(
  descriptor: number,
  stats: Stats,
  { type, mimeType }: Extract<Sniffed, { kind: 'media' }>,
  { hideSecrets, media }: ReadOptions,
): MediaRead {
  if (stats.size > LIMITS.mediaBytesMax) refuse('file.too_large');
  const named = { kind: 'media', ...factsOf(stats), type, mimeType } as const;
  if (media === 'named') return { ...named, data: new Uint8Array() };
  const bytes = readBytes(descriptor, 0, stats.size);
  if (hideSecrets) refuseSecretsIn(bytes);
  return { ...named, data: bytes };
}

/** Bytes that are looked at together: what stands for a picture's bytes as text lives shortly. */
const MEDIA_PIECE_BYTES = 524_288;

/** The first bytes of a picture are easily put before anything else. */
function refuseSecretsIn(bytes: Buffer): void {
  for (let from = 0; from < bytes.length; from += MEDIA_PIECE_BYTES) {
    const piece = bytes.subarray(from, from + MEDIA_PIECE_BYTES + SECRET_MARGIN_BYTES);
    if (holdsSecret(piece, { start: 0, end: piece.length })) refuse('file.secret');
  }
}

/** The exact bytes. A secret cannot be taken out of them without making them inexact, so they are refused. */
function bytesRead(
  descriptor: number,
  stats: Stats,
  { offset, bytes, hideSecrets }: ReadOptions,
): BytesRead {
  if (offset > stats.size)
    refuse('line.out_of_range', { hint: `It has ${String(stats.size)} bytes.` });
  // Secrets may stand across the edges of the window. A file that is not huge is looked at as a whole.
  const isSmall = stats.size <= LIMITS.countBytesMax;
  const margin = hideSecrets ? (isSmall ? stats.size : SECRET_MARGIN_BYTES) : 0;
  const from = Math.max(0, offset - margin);
  const around = readBytes(descriptor, from, Math.min(stats.size, offset + bytes + margin) - from);
  const shown = { start: offset - from, end: offset - from + bytes };
  if (hideSecrets && holdsSecret(around, shown)) refuse('file.secret');
  const window = around.subarray(shown.start, shown.end);
  const end = offset + window.length;
  return {
    kind: 'bytes',
    ...factsOf(stats),
    data: window.toString('base64'),
    offset,
    nextOffset: end < stats.size ? end : undefined,
  };
}

/** Looked at in one go when a whole file is looked at. */
const PIECE_BYTES = 4_194_304;
/** Looked at on both sides of a window in a huge file: longer than any key that people use. */
const SECRET_MARGIN_BYTES = 65_536;
