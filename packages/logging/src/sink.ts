import { closeSync, constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';

/** Takes whole lines. */
export interface Sink {
  /** Writes one line. A file throws when it cannot; stderr drops and counts. */
  write(line: string): void;
  close(): void;
}

/** Bytes that may wait for a client that does not read stderr. Above it lines are dropped, and counted. */
const STDERR_WAITING_BYTES_MAX = 1_048_576;

/**
 * Writes to stderr without ever blocking or growing. It never refuses: only a file can hold the trail's
 * promise that nothing happens unrecorded.
 *
 * A client that pipes stderr and never reads it fills the pipe after 64 KiB. A blocking write would
 * then hang the server, an unbounded queue would eat its memory; here the line is dropped and the
 * next one that fits says how many were lost. Lines are written after the work at hand: the answer
 * that a client waits for goes first.
 */
export function stderrSink(): Sink {
  let lines: string[] = [];
  let dropped = 0;
  let broken = false;
  let stream: NodeJS.WriteStream | undefined;

  const open = (): NodeJS.WriteStream => {
    const opened = process.stderr;
    opened.on('error', () => {
      broken = true;
    });
    return opened;
  };

  const flush = (): void => {
    const ready = lines;
    lines = [];
    if (ready.length === 0 || broken) return;
    stream ??= open();
    for (const line of ready) {
      if (stream.writableLength + line.length > STDERR_WAITING_BYTES_MAX) {
        dropped += 1;
        continue;
      }
      if (dropped > 0)
        stream.write(`{"level":"warn","msg":"lines dropped","dropped":${String(dropped)}}\n`);
      dropped = 0;
      stream.write(`${line}\n`);
    }
  };

  process.once('exit', flush);
  return {
    write(line) {
      if (lines.length === 0) setImmediate(flush);
      lines.push(line);
    },
    close: flush,
  };
}

/**
 * Appends to a file that only its owner can read. Each line is one write, so that two processes that
 * share the file do not mix their lines. A link in the file's place is refused, and so is a file that
 * somebody else owns, may write or has under another name: whoever could plant one would choose which
 * file grows, or could change the trail.
 */
export function fileSink(path: string): Sink {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), 0o600);
  if (isOpenToOthers(fstatSync(descriptor))) {
    closeSync(descriptor);
    throw new Error('the audit file is not only ours');
  }
  let torn = false;
  return {
    write(line) {
      // What is left of a line that was taken in part ends there, and does not swallow the next one.
      const bytes = Buffer.from(`${torn ? '\n' : ''}${line}\n`);
      const written = writeSync(descriptor, bytes);
      torn = written > 0 && written < bytes.length;
      if (written !== bytes.length) throw new Error('the audit file took part of a line');
    },
    close: () => closeSync(descriptor),
  };
}

const WRITABLE_BY_OTHERS = 0o022;

/** A pipe or a device is what the operator made it; a plain file has to be ours alone. */
function isOpenToOthers(stats: Stats): boolean {
  if (!stats.isFile() || process.getuid === undefined) return false;
  const isOurs = stats.uid === process.geteuid?.() && stats.nlink === 1;
  return !isOurs || (stats.mode & WRITABLE_BY_OTHERS) !== 0;
}
