import {
  hasKnownHoles,
  labelOf,
  refuse,
  type RepositoryId,
  textOfVersion,
} from '../guard/index.ts';
import type { Root } from '../policy.ts';
import { audit } from './audit/index.ts';
import { handleOf, repositoryOf } from './bind.ts';
import { createMemory } from './cache.ts';
import { createGitBinary, type GitBinary } from './git-binary.ts';
import { createBatches } from './objects/batch.ts';
import { createGitRunner } from './process/git-process.ts';
import type { Repositories } from './repository.ts';
import type { Opened } from './repository/building.ts';
import { createGraphs } from './repository/commit-graph.ts';
import { createDiscovery } from './repository/discover.ts';
import type { RunGitFor } from './repository/git-runs.ts';
import { createKeeper } from './repository/keeper.ts';
import type { Layout, Located } from './repository/layout.ts';
import { watchPlaces } from './repository/places.ts';
import { isReftable, refuseBy } from './repository/prepare.ts';
import { createPrivateRoot } from './repository/private-root.ts';
import { createReport } from './repository/report.ts';
import { locateFor, type Rights } from './repository/rights.ts';
import { watched } from './watched.ts';

export interface RepositoriesOptions {
  readonly roots: readonly Root[];
  /** The program of git: absolute (`findGit`). */
  readonly git: string;
  /** Where private directories are made; undefined is the host's directory for temporary files. */
  readonly privateDirectory: string | undefined;
  /** How the name of this process's private directory begins. */
  readonly prefix: string;
  /** Told once of what the operator should know. */
  onWarning(warning: string): void;
}

/** Puts the parts together. Nothing is started or written before the first call. */
export function createRepositories(options: RepositoriesOptions): Repositories {
  const runner = createGitRunner();
  const batches = createBatches();
  const memory = createMemory();
  const privateRoot = createPrivateRoot({
    parent: options.privateDirectory,
    prefix: options.prefix,
  });
  const graphs = createGraphs(privateRoot.holds);
  const gitFor: RunGitFor = (run) => async (profile, command, sink) => {
    // It was ours when the call began. Somebody else's would have settings of theirs.
    if (!privateRoot.holds(profile.gitDir)) return refuse('repository.broken', { detail: GONE });
    return runner.run(profile, command, run, sink);
  };
  const keeper = createKeeper({
    privateRoot,
    binary: options.git,
    gitFor,
    onMade: graphs.consider,
    onOver: ({ key }) => batches.end(key),
  });
  const discovery = createDiscovery(keeper, options.roots);
  const version = asked(createGitBinary(options.git), options);

  return {
    async find(names, how, run) {
      await version();
      const roots = options.roots.filter(({ name }) => names.includes(name));
      return discovery.find(roots, how, run);
    },
    async open(id, run, granted) {
      const known = await version();
      const layout = layoutOf(locatedIn({ served: options.roots, granted }, id));
      const places = watchPlaces(layout);
      const opened = withVersion(await keeper.open(layout, run), known);
      const { profile } = opened;
      const batch = batches.open(profile, run);
      const cache = memory.of(profile.key);
      const handle = handleOf({ opened, batch, cache, git: gitFor(run), run });
      return watched(repositoryOf(handle, labelOf(id)), places, () => keeper.forget(layout));
    },
    async audit(id, run, granted) {
      await version();
      const located = locatedIn({ served: options.roots, granted }, id);
      const places = located.kind === 'found' ? watchPlaces(located.layout) : undefined;
      const audited = await audit(located, { keeper, gitFor }, run);
      places?.confirm();
      return audited;
    },
    async git() {
      const { text, warnings } = await version();
      return { version: text, warnings };
    },
    async close() {
      const ended = await Promise.all([graphs.close(), runner.close(), batches.close()]);
      return privateRoot.close() && ended.every(Boolean);
    },
  };
}

const GONE = 'the private directory was taken away';

interface Version {
  readonly text: string;
  /** It reads refs that are kept in tables (2.45). */
  readonly hasReftable: boolean;
  readonly warnings: readonly string[];
}

const HOLES =
  'this version of git has published holes in what it reads repositories with; install a newer one';

/** Asks for the version before anything else, and warns of it once. */
function asked(binary: GitBinary, { onWarning }: RepositoriesOptions): () => Promise<Version> {
  let warned = false;
  return async () => {
    const version = await binary.version();
    const warnings = hasKnownHoles(version) ? [HOLES] : [];
    if (!warned) warnings.forEach((warning) => onWarning(warning));
    warned = true;
    const hasReftable = version.major > 2 || version.minor >= 45;
    return { text: textOfVersion(version), hasReftable, warnings };
  };
}

/** Refuses `git.too_old` for refs in tables that this git cannot read. */
function withVersion(opened: Opened, { hasReftable, warnings }: Version): Opened {
  if (isReftable(opened.prepared.settings) && !hasReftable) return refuse('git.too_old');
  if (warnings.length === 0) return opened;
  const { profile } = opened;
  return {
    ...opened,
    profile: { ...profile, warnings: [...profile.warnings, 'git_has_known_holes'] },
  };
}

/** Refuses `repository.unknown`. */
function locatedIn(
  rights: Rights,
  { root: name, steps }: RepositoryId,
): Exclude<Located, { readonly kind: 'unknown' }> {
  const root = rights.served.find((candidate) => candidate.name === name);
  const located = root === undefined ? undefined : locateFor(rights, root, steps);
  if (located === undefined || located.kind === 'unknown') return refuse('repository.unknown');
  return located;
}

function layoutOf(located: ReturnType<typeof locatedIn>): Layout {
  if (located.kind === 'found') return located.layout;
  const report = createReport();
  report.add(located.finding);
  return refuseBy(report);
}
