import type { FileType } from './job.ts';

/** What every answer says of a file. */
export interface FileFacts {
  readonly size: number;
  /** ISO 8601, UTC. */
  readonly mtime: string;
  /** Changes with every change of the file. */
  readonly etag: string;
}

export type ReadOutcome = TextRead | MediaRead | BytesRead | BinaryRead | ReadRefused;

export interface TextRead extends FileFacts {
  readonly kind: 'text';
  readonly encoding: string;
  readonly bom: boolean;
  readonly eol: 'lf' | 'crlf' | 'mixed' | 'none';
  readonly text: string;
  /** Absent when the lines before were not read. */
  readonly startLine: number | undefined;
  readonly lines: number;
  /** Secrets that were covered in the text. */
  readonly hidden: number;
  /** Lines of the whole file, when it was read to its end. */
  readonly totalLines: number | undefined;
  /** Where reading goes on, when something is left. */
  readonly next: { readonly line: number; readonly column: number } | undefined;
  readonly truncated: boolean;
}

export interface MediaRead extends FileFacts {
  readonly kind: 'media';
  readonly type: 'image' | 'audio';
  readonly mimeType: string;
  /** Empty where it is only named. */
  readonly data: Uint8Array;
}

export interface BytesRead extends FileFacts {
  readonly kind: 'bytes';
  readonly data: string;
  readonly offset: number;
  readonly nextOffset: number | undefined;
}

interface BinaryRead extends FileFacts {
  readonly kind: 'binary';
}

/** One of several files that could not be read. */
interface ReadRefused {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
}

export interface ReadResult {
  readonly kind: 'read';
  readonly files: readonly ReadOutcome[];
}

/** One entry of a listing. */
export interface Entry {
  /** Steps beneath the directory that was asked for, as binary strings. */
  readonly steps: readonly string[];
  readonly type: FileType;
  readonly size?: number;
  readonly mtime?: string;
  readonly denied?: true;
  /** Why a directory was not entered. */
  readonly closed?: 'depth' | 'ignored';
}

/** What a walk passed over, so that an answer never looks more complete than it is. */
export interface Skipped {
  /** Names that stay closed. */
  denied: number;
  ignored: number;
  deep: number;
  large: number;
  binary: number;
  /** Files that are not UTF-8 and were searched as windows-1252. */
  notUtf8: number;
  special: number;
  unreadable: number;
  /** Files with more hits than the caller wanted of each. */
  capped: number;
}

/** Where the next page begins. */
export interface NextPage {
  readonly after?: string[];
  readonly line?: number;
  readonly skip?: number;
  readonly stamp?: string;
  readonly value?: number;
}

export interface ListResult {
  readonly kind: 'list';
  readonly entries: readonly Entry[];
  readonly sorted: boolean;
  readonly next: NextPage | undefined;
  readonly skipped: Skipped;
}

export interface FindResult {
  readonly kind: 'find';
  readonly entries: readonly Entry[];
  readonly scanned: number;
  readonly next: NextPage | undefined;
  /** False when the walk ended before the tree did. */
  readonly complete: boolean;
  readonly skipped: Skipped;
}

export interface Hit {
  readonly steps: readonly string[];
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface FileCount {
  readonly steps: readonly string[];
  readonly matches: number;
}

export interface SearchResult {
  readonly kind: 'search';
  readonly hits: readonly Hit[];
  readonly files: readonly FileCount[];
  readonly scannedFiles: number;
  readonly scannedBytes: number;
  /** Secrets that were covered in the lines that are shown. */
  readonly hidden: number;
  readonly next: NextPage | undefined;
  readonly complete: boolean;
  readonly skipped: Skipped;
}

export type Result = ReadResult | ListResult | FindResult | SearchResult;
export type ResultOf<Kind extends Result['kind']> = Extract<Result, { kind: Kind }>;
