import { refuse } from '../../guard/refusals.ts';
import type { Profile } from '../handle.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The beginning of what git said on stderr; a repository chooses some of it. */
  readonly stderr: string;
}

/**
 * Refuses for a command that git could not carry out.
 *
 * What git says names files and holds the repository's own words, so it goes to the audit trail and
 * never to the caller. It is read only to tell what is missing, closed or too large from what is broken.
 */
export function refuseFailure(exit: Exit): never {
  const detail = `exit ${exit.code ?? exit.signal ?? 'unknown'}: ${exit.stderr.trim()}`;
  if (UNREADABLE.test(exit.stderr)) return refuse('file.unreadable', { detail });
  // GIT_ALLOC_LIMIT ends git with these words; some versions crash on the memory that they did not get.
  if (exit.signal === 'SIGSEGV' || TOO_LARGE.test(exit.stderr)) {
    return refuse('object.too_large', { detail });
  }
  return refuse(MISSING.test(exit.stderr) ? 'object.missing' : 'repository.broken', { detail });
}

/**
 * What git said, without where this happened: a name of the host is of no use in the audit trail, and
 * some read the trail who may not know it.
 */
export function withoutPlaces(stderr: string, { gitDir, workTree }: Places): string {
  const own = stderr.replaceAll(gitDir, '<repository>');
  return workTree === undefined ? own : own.replaceAll(workTree, '<work tree>');
}

type Places = Pick<Profile, 'gitDir' | 'workTree'>;

/**
 * Refuses when there is no program to start, and where the system has no room for another process;
 * anything else that goes wrong there is ours to mend.
 */
export function refuseStart(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (NOT_THERE.has(code)) return refuse('git.missing');
  if (CROWDED.has(code))
    return refuse('git.busy', { detail: `no process could be made: ${String(code)}` });
  throw error;
}

const NOT_THERE: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES']);
/** A container holds so many processes, so much memory and so many open files. */
const CROWDED: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);
/** So it says of files of the work tree, and of no others. */
const UNREADABLE = /^error: open\("[^\n]*"\): Permission denied$/m;
const TOO_LARGE =
  /attempting to allocate|out of memory|(?:malloc|mmap|realloc|calloc)\b.* failed|too large|exceeds? .*limit/i;
const MISSING =
  /missing (?:blob|tree|commit|tag|object)|unable to read|could not read|bad object|could not parse|failed to (?:traverse|read)|bad (?:tree|revision)|cannot read|promisor/i;
