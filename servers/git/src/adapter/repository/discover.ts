import { basename, dirname, join, relative, sep } from 'node:path';

import { Refusal, textFromByteString } from '@secure-mcp/validation';

import { labelOf, repositoryIdFrom } from '../../guard/repository-id.ts';
import { LIMITS, type Root } from '../../policy.ts';
import type { Run } from '../handle.ts';
import type { FoundRepositories, FoundRepository } from '../results.ts';
import { headOf } from './head.ts';
import type { Keeper } from './keeper.ts';
import { isWithin, type Layout } from './layout.ts';
import { operationIn } from './operation.ts';
import { createPace, entriesOf, hostBytes, type Pace } from './plain-tree.ts';
import { watchPlaces } from './places.ts';
import { locateFor, type Rights } from './rights.ts';
import { warningsOf } from './warnings.ts';

export interface Discovery {
  find(
    roots: readonly Root[],
    how: { readonly depth: number; readonly limit: number },
    run: Run,
  ): Promise<FoundRepositories>;
}

/** Directories in which nobody keeps repositories that are worth the walk. */
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/** Of a call's time, after which a listing ends with what it has: that is better than nothing. */
const SHARE_OF_TIME = 0.7;

interface Waiting {
  readonly root: Root;
  readonly steps: readonly string[];
}

/**
 * Finds repositories beneath roots: the nearest first, never through a link.
 *
 * @param served all roots, also those that a caller may not use.
 */
export function createDiscovery(keeper: Keeper, served: readonly Root[] = []): Discovery {
  return {
    async find(roots, { depth, limit }, run) {
      const pace = createPace(run.signal);
      const rights = { served, granted: roots.map(({ name }) => name) };
      const repositories: FoundRepository[] = [];
      const queue: Waiting[] = roots.map((root) => ({ root, steps: [] }));
      const depthMax = Math.min(depth, LIMITS.discoverDepthMax);
      const stopAt = performance.now() + (run.deadline - performance.now()) * SHARE_OF_TIME;
      let truncated = false;
      // The queue grows while it is walked: that is what makes the walk go breadth first.
      for (const { root, steps } of queue) {
        // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
        const found = await describe(keeper, rights, { root, steps }, run);
        if (found !== undefined && repositories.length >= limit)
          return { repositories, truncated: true };
        if (found !== undefined) repositories.push(found);
        if (performance.now() > stopAt) return { repositories, truncated: true };
        if (steps.length >= depthMax) continue;
        // oxlint-disable-next-line no-await-in-loop -- as above
        await pace.rest();
        const inner = innerDirectories(join(root.path, ...steps), pace);
        const room = Math.max(0, LIMITS.discoverDirectoriesMax - queue.length);
        truncated ||= inner.truncated || inner.names.length > room;
        for (const name of inner.names.slice(0, room))
          queue.push({ root, steps: [...steps, name] });
      }
      return { repositories, truncated };
    },
  };
}

function innerDirectories(
  path: string,
  pace: Pace,
): { readonly names: readonly string[]; readonly truncated: boolean } {
  const names: string[] = [];
  try {
    for (const { name, kind } of entriesOf(hostBytes(path))) {
      if (!pace.step() || names.length > LIMITS.discoverDirectoriesMax)
        return { names: names.sort(), truncated: true };
      const text = Buffer.from(name, 'latin1').toString('utf8');
      if (kind === 'directory' && !SKIPPED.has(text)) names.push(text);
    }
  } catch {
    // It went away, or it is closed to us: nothing in it can be served.
  }
  return { names: names.sort(), truncated: false };
}

/**
 * Describes what stands in a directory. Undefined where that is no repository.
 *
 * Whatever looking at one repository throws is this one's: who can write into it must not decide
 * whether the others are listed. It is told as refused, and `git_audit` or any other call says more.
 */
async function describe(
  keeper: Keeper,
  rights: Rights,
  waiting: Waiting,
  run: Run,
): Promise<FoundRepository | undefined> {
  try {
    return await lookAt(keeper, rights, waiting, run);
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof Refusal && OF_ALL.has(error.code)) throw error;
    const id = repositoryIdFrom(waiting.root.name, waiting.steps);
    return id === undefined ? undefined : refusedAs(labelOf(id), undefined, undefined);
  }
}

/** What no repository can bring about by itself. */
const OF_ALL: ReadonlySet<string> = new Set(['git.missing', 'git.too_old', 'git.busy']);

async function lookAt(
  keeper: Keeper,
  rights: Rights,
  { root, steps }: Waiting,
  run: Run,
): Promise<FoundRepository | undefined> {
  const id = repositoryIdFrom(root.name, steps);
  const located = id === undefined ? undefined : locateFor(rights, root, steps);
  if (id === undefined || located === undefined || located.kind === 'unknown') return undefined;
  const label = labelOf(id);
  if (located.kind === 'refused') return refusedAs(label, undefined, undefined);
  const { layout } = located;
  const worktreeOf = mainOf(layout, root);
  const places = watchPlaces(layout);
  return keeper.inspect(layout, run, false, ({ prepared, report }) => {
    if (report.refused) return refusedAs(label, layout, worktreeOf);
    const { oid, branch } = headOf(prepared);
    places.confirm();
    return {
      id: label,
      bare: layout.workTree === undefined,
      head: oid,
      branch: branch === undefined ? undefined : textFromByteString(hostBytes(branch)),
      worktreeOf,
      operation: operationIn(layout.gitDir),
      refused: false,
      warnings: warningsOf(prepared, undefined),
    };
  });
}

/** Of a refused repository nothing is told but that it is there. */
function refusedAs(
  id: string,
  layout: Layout | undefined,
  worktreeOf: string | undefined,
): FoundRepository {
  return {
    id,
    bare: layout !== undefined && layout.workTree === undefined,
    head: undefined,
    branch: undefined,
    worktreeOf,
    operation: undefined,
    refused: true,
    warnings: [],
  };
}

/** The repository of a linked work tree, when it stands beneath the same root. */
function mainOf({ kind, commonDir }: Layout, root: Root): string | undefined {
  if (kind !== 'linked') return undefined;
  const main = basename(commonDir) === '.git' ? dirname(commonDir) : commonDir;
  if (!isWithin([root.path], main)) return undefined;
  const steps = relative(root.path, main)
    .split(sep)
    .filter((step) => step !== '');
  const id = repositoryIdFrom(root.name, steps);
  return id === undefined ? undefined : labelOf(id);
}
