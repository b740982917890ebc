import type { Stats } from 'node:fs';

import { findSecrets, Refusal } from '@secure-mcp/validation';

import { refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { JobPlace, ReadJob, ReadOptions } from '../job.ts';
import { readBytes } from '../read/chunks.ts';
import { SNIFF_BYTES, sniff } from '../read/sniff.ts';
import type { BytesRead, MediaRead, ReadOutcome, ReadResult } from '../results.ts';
import { factsOf } from './facts.ts';
import { readText } from './read-text.ts';
import type { Work } from './work.ts';

/** Reads one file, or several within one budget of bytes. */
export function read(job: ReadJob, work: Work): ReadResult {
  const [only, ...others] = job.files;
  if (only !== undefined && others.length === 0)
    return { kind: 'read', files: [readOne(only, job, work)] };
  let left = job.bytes;
  const files = job.files.map((place) => {
    work.pause();
    const outcome = refusedOr(() => readOne(place, { ...job, bytes: left }, work));
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

function readOne(place: JobPlace, options: ReadOptions, work: Work): ReadOutcome {
  const destination = work.open(place);
  try {
    if (destination.kind === 'directory') return refuse('path.not_a_file');
    const { descriptor, stats } = destination.file;
    return options.encoding === 'base64'
      ? bytesRead(descriptor, stats, options)
      : readSniffed(descriptor, stats, options, work);
  } finally {
    destination.close();
  }
}

/** Reads a file as what its first bytes say, or as text in the encoding that the caller names. */
function readSniffed(
  descriptor: number,
  stats: Stats,
  options: ReadOptions,
  work: Work,
): ReadOutcome {
  const sniffed = sniff(readBytes(descriptor, 0, Math.min(SNIFF_BYTES, stats.size)));
  const source = { descriptor, stats, pause: () => work.pause() };
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
      return options.media
        ? mediaRead(descriptor, stats, sniffed)
        : { kind: 'binary', ...factsOf(stats) };
    case 'binary':
      return { kind: 'binary', ...factsOf(stats) };
  }
}

function mediaRead(
  descriptor: number,
  stats: Stats,
  { type, mimeType }: { readonly type: 'image' | 'audio'; readonly mimeType: string },
): MediaRead {
  if (stats.size > LIMITS.mediaBytesMax) refuse('file.too_large');
  const data = readBytes(descriptor, 0, stats.size).toString('base64');
  return { kind: 'media', ...factsOf(stats), type, mimeType, data };
}

/** The exact bytes. A secret cannot be taken out of them without making them inexact, so they are refused. */
function bytesRead(
  descriptor: number,
  stats: Stats,
  { offset, bytes, hideKeys }: ReadOptions,
): BytesRead {
  if (offset > stats.size)
    refuse('line.out_of_range', { hint: `It has ${String(stats.size)} bytes.` });
  // Secrets may stand across the edges of the window.
  const margin = hideKeys ? SECRET_MARGIN_BYTES : 0;
  const from = Math.max(0, offset - margin);
  const around = readBytes(descriptor, from, Math.min(stats.size, offset + bytes + margin) - from);
  // Without its NULs, UTF-16 reads like ASCII.
  const text = hideKeys ? around.toString('latin1').replaceAll('\0', '') : '';
  if (findSecrets(text).length > 0) refuse('file.secret');
  const window = around.subarray(offset - from, offset - from + bytes);
  const end = offset + window.length;
  return {
    kind: 'bytes',
    ...factsOf(stats),
    data: window.toString('base64'),
    offset,
    nextOffset: end < stats.size ? end : undefined,
  };
}

/** Longer than any key file's own length between its first and last line. */
const SECRET_MARGIN_BYTES = 16_384;
