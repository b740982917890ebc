import { Refusal } from '@secure-mcp/validation';

import { refuse } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import { compileDeny, type DenyRules } from './deny.ts';
import type {
  Fault,
  Job,
  JobMessage,
  JobPlace,
  OpenRoot,
  WorkerMessage,
  WorkerSetup,
} from './job.ts';
import { find } from './operations/find.ts';
import { list } from './operations/list.ts';
import { read } from './operations/read.ts';
import { search } from './operations/search.ts';
import type { Work } from './operations/work.ts';
import type { Result } from './results.ts';
import { descriptorRoot } from './walk/descriptor.ts';
import type { Directory } from './walk/directory.ts';
import { portableRoot } from './walk/portable.ts';
import { walk, type WalkRules } from './walk/walk.ts';

/** How a worker hears from and talks to the server. */
export interface Line {
  onJob(handle: (message: JobMessage) => void): void;
  send(message: WorkerMessage): void;
  /** True when the running job has been cancelled. Asked while the job runs. */
  isCancelled(id: number): boolean;
}

/** Policies of callers whose rules are kept compiled. */
const RULES_KEPT_MAX = 64;
/** Time kept back for putting an answer together, in milliseconds. */
const ANSWER_MS = 500;
const PROGRESS_EVERY_MS = 100;

/**
 * Does one job after another, synchronously: a walk that is never interrupted cannot be confused with
 * another one, and costs a tenth of the same walk with promises.
 */
export function serveJobs(setup: WorkerSetup, line: Line): void {
  const roots = new Map(setup.roots.map((root) => [root.name, openRoot(root)]));
  const compiled = new Map<string, DenyRules>();

  const rulesFor = ({ root, deny }: JobPlace): WalkRules => {
    const key = JSON.stringify(deny);
    let rules = compiled.get(key);
    if (rules === undefined) {
      if (compiled.size >= RULES_KEPT_MAX) compiled.clear();
      rules = compileDeny({
        usual: setup.usual,
        allow: setup.allow,
        closed: [...setup.deny, ...deny],
      });
      compiled.set(key, rules);
    }
    const rootPath = roots.get(root)?.path ?? '';
    return { deny: rules, hardLinks: setup.hardLinks, rootPath };
  };

  line.onJob(({ id, job, budgetMs }) => {
    const work = workOf(id, budgetMs, rulesFor, roots, line);
    line.send(attempt(id, () => perform(job, work)));
  });
}

interface RootDirectory {
  readonly path: string;
  readonly directory: Directory;
}

function openRoot({ path, anchor }: OpenRoot): RootDirectory {
  const binary = process.platform === 'win32' ? path : Buffer.from(path).toString('latin1');
  const directory =
    anchor.kind === 'descriptor'
      ? descriptorRoot(anchor.descriptor)
      : portableRoot(path, { dev: BigInt(anchor.dev), ino: BigInt(anchor.ino) });
  return { path: binary, directory };
}

function workOf(
  id: number,
  budgetMs: number,
  rulesFor: (place: JobPlace) => WalkRules,
  roots: ReadonlyMap<string, RootDirectory>,
  line: Line,
): Work {
  const started = performance.now();
  const walkMs = Math.min(LIMITS.walkMs, Math.max(0, budgetMs - ANSWER_MS));
  let told = started;
  return {
    open(place) {
      const root = roots.get(place.root) ?? refuse('path.refused', { detail: 'unknown root' });
      return walk(root.directory, place.steps, rulesFor(place));
    },
    pause() {
      if (line.isCancelled(id)) throw new Refusal('call.cancelled', 'The call was cancelled.');
    },
    late: () => performance.now() - started > walkMs,
    progress(done) {
      const now = performance.now();
      if (now - told < PROGRESS_EVERY_MS) return;
      told = now;
      line.send({ id, kind: 'progress', done });
    },
  };
}

function perform(job: Job, work: Work): Result {
  switch (job.kind) {
    case 'read':
      return read(job, work);
    case 'list':
      return list(job, work);
    case 'find':
      return find(job, work);
    case 'search':
      return search(job, work);
  }
}

function attempt(id: number, work: () => Result): WorkerMessage {
  try {
    return { id, kind: 'done', result: work() };
  } catch (error) {
    if (error instanceof Refusal) {
      const { code, message, detail } = error;
      return { id, kind: 'refused', code, message, detail };
    }
    return { id, kind: 'failed', fault: faultOf(error) };
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: typeof error, code: undefined, stack: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name, code, stack: error.stack };
}
