import type { PathInRoot } from '../guard/index.ts';
import type { Policy } from '../policy.ts';
import type {
  FindJob,
  Job,
  JobPlace,
  ListJob,
  OpenRoot,
  ReadOptions,
  SearchJob,
  WorkerSetup,
} from './job.ts';
import { closeRoots, type Sandbox } from './open-roots.ts';
import { Pool } from './pool/pool.ts';
import type { StartSlot } from './pool/slot.ts';
import type { RunOptions } from './pool/task.ts';
import type {
  FindResult,
  ListResult,
  ReadOutcome,
  Result,
  ResultOf,
  SearchResult,
} from './results.ts';

/** A job without what the path says of it. */
type Question<Kind extends Job> = Omit<Kind, keyof JobPlace | 'kind'>;

/** The files beneath the roots. Every method takes paths that the guard has parsed, and nothing else. */
export interface Disk {
  read(
    paths: readonly PathInRoot[],
    options: ReadOptions,
    run: RunOptions,
  ): Promise<readonly ReadOutcome[]>;
  list(path: PathInRoot, question: Question<ListJob>, run: RunOptions): Promise<ListResult>;
  find(path: PathInRoot, question: Question<FindJob>, run: RunOptions): Promise<FindResult>;
  search(path: PathInRoot, question: Question<SearchJob>, run: RunOptions): Promise<SearchResult>;
  /** Lets go of the roots, too. False when something did not let go in time. */
  close(): Promise<boolean>;
}

export interface DiskOptions {
  readonly roots: readonly OpenRoot[];
  readonly policy: Omit<Policy, 'roots'>;
  readonly sandbox: Sandbox;
}

/** Makes the disk. It starts nothing before the first call. */
export function createDisk({ roots, policy, sandbox }: DiskOptions): Disk {
  const setup: WorkerSetup = { roots, ...policy };
  const pool = new Pool(() => loadStart(sandbox, setup));
  let closing: Promise<boolean> | undefined;
  return {
    async read(paths, options, run) {
      const result = await pool.run({ kind: 'read', files: paths.map(placeOf), ...options }, run);
      return expect('read', result).files;
    },
    async list(path, question, run) {
      return expect('list', await pool.run({ kind: 'list', ...placeOf(path), ...question }, run));
    },
    async find(path, question, run) {
      return expect('find', await pool.run({ kind: 'find', ...placeOf(path), ...question }, run));
    },
    async search(path, question, run) {
      return expect(
        'search',
        await pool.run({ kind: 'search', ...placeOf(path), ...question }, run),
      );
    },
    close: () => (closing ??= end(pool, roots)),
  };
}

/** A worker that is still inside a system call would go on in whatever has the numbers of its roots by then. */
async function end(pool: Pool, roots: readonly OpenRoot[]): Promise<boolean> {
  const haveEnded = await pool.close();
  if (haveEnded) closeRoots(roots);
  return haveEnded;
}

async function loadStart(sandbox: Sandbox, setup: WorkerSetup): Promise<StartSlot> {
  if (sandbox === 'descriptor') {
    const { startThread } = await import('./thread.ts');
    return (events) => startThread(setup, events);
  }
  const { startChild } = await import('./child.ts');
  return (events) => startChild(setup, events);
}

function placeOf({ root, rights, steps }: PathInRoot): JobPlace {
  return { root, steps, deny: rights.deny };
}

function expect<Kind extends Result['kind']>(kind: Kind, result: Result): ResultOf<Kind> {
  if (isKind(kind, result)) return result;
  throw new TypeError('a disk worker answered another question');
}

function isKind<Kind extends Result['kind']>(kind: Kind, result: Result): result is ResultOf<Kind> {
  return result.kind === kind;
}
