import type { Cursor, Glob, Name, SearchPattern } from '../guard/index.ts';
import type { Policy, Root } from '../policy.ts';
import type { Result } from './results.ts';

/**
 * What goes between the server and its disk workers: plain data, made only from values that a guard
 * has vouched for.
 */

/** The beginning of every job: where, and under which rules. */
export interface JobPlace {
  readonly root: string;
  readonly steps: readonly Name[];
  /** The caller's own closed globs. */
  readonly deny: readonly string[];
}

/** Encodings by their names in the WHATWG Encoding Standard; Node carries all of them. */
export const ENCODINGS = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'windows-1251',
  'shift_jis',
  'gb18030',
  'big5',
  'euc-kr',
] as const;
type Encoding = (typeof ENCODINGS)[number] | 'auto' | 'base64';

export interface ReadOptions {
  readonly encoding: Encoding;
  readonly startLine: number;
  readonly startColumn: number;
  readonly lines: number;
  readonly tail: boolean;
  readonly bytes: number;
  /** First byte, for base64. */
  readonly offset: number;
  /** Whether secrets are covered, and bytes with secrets refused. */
  readonly hideSecrets: boolean;
  readonly media: 'no' | 'named' | 'whole';
  /** Several files within one budget of bytes: one that is refused does not stop the others. */
  readonly several: boolean;
}

export interface ReadJob extends ReadOptions {
  readonly kind: 'read';
  readonly files: readonly JobPlace[];
}

export interface ListJob extends JobPlace {
  readonly kind: 'list';
  /** Only entries that begin so. */
  readonly prefix: Name | undefined;
  readonly depth: number;
  readonly limit: number;
  readonly details: boolean;
  /** Whether ignored directories are entered. */
  readonly ignored: boolean;
  readonly cursor: Cursor;
}

type Sort = 'path' | 'mtime' | 'size';
export type FileType = 'file' | 'directory' | 'link' | 'other';

export interface FindJob extends JobPlace {
  readonly kind: 'find';
  readonly glob: Glob;
  readonly type: FileType | 'any';
  readonly sort: Sort;
  readonly sizeMin: number;
  readonly sizeMax: number;
  readonly modifiedAfter: number;
  readonly limit: number;
  readonly ignored: boolean;
  readonly cursor: Cursor;
}

export interface SearchJob extends JobPlace {
  readonly kind: 'search';
  readonly pattern: SearchPattern;
  readonly literal: boolean;
  readonly ignoreCase: boolean;
  readonly glob: Glob | undefined;
  readonly context: number;
  readonly mode: 'matches' | 'files' | 'count';
  readonly limit: number;
  /** Hits of one file at most. */
  readonly perFile: number;
  readonly ignored: boolean;
  readonly hideSecrets: boolean;
  readonly cursor: Cursor;
}

export type Job = ReadJob | ListJob | FindJob | SearchJob;

/** What a worker is started with: the operator's policy, with its roots open. */
export interface WorkerSetup extends Omit<Policy, 'roots'> {
  readonly roots: readonly OpenRoot[];
}

/** A root as the walk begins at it: an open descriptor, or a path with the place it led to at the start. */
export type OpenRoot = Root & {
  readonly anchor:
    | { readonly kind: 'descriptor'; readonly descriptor: number }
    | { readonly kind: 'path'; readonly dev: string; readonly ino: string };
};

/** To a worker. */
export interface JobMessage {
  readonly id: number;
  readonly job: Job;
  /** Time left, in milliseconds. */
  readonly budgetMs: number;
}

/** From a worker. */
export type WorkerMessage =
  | { readonly id: number; readonly kind: 'done'; readonly result: Result }
  | { readonly id: number; readonly kind: 'progress'; readonly done: number }
  | {
      readonly id: number;
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly detail: string | undefined;
    }
  | { readonly id: number; readonly kind: 'failed'; readonly fault: Fault };

/** An error on its way between threads. The server's log decides what of it may be written. */
export interface Fault {
  readonly name: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}
