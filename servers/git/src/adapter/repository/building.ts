import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENVIRONMENT } from '../../policy.ts';
import type { Profile, Run } from '../handle.ts';
import type { RunGitFor } from './git-runs.ts';
import type { Layout } from './layout.ts';
import { createMergeStore, type MergeStore } from './merge-store.ts';
import { type Prepared, prepare, profileOf, refuseBy } from './prepare.ts';
import { createIndexKeeper, type IndexKeeper } from './private-index.ts';
import type { PrivateRoot } from './private-root.ts';
import { createReport, type Report } from './report.ts';

/** A repository that may be read now. */
export interface Opened {
  readonly prepared: Prepared;
  /** Of this call: with the operation that is under way, and the warnings. */
  readonly profile: Profile;
  readonly index: IndexKeeper;
  /** For the one command that writes objects. */
  readonly merges: MergeStore;
}

export interface Kept extends Opened {
  thoroughAt: number;
}

export interface Inspection {
  readonly prepared: Prepared;
  readonly report: Report;
  /** Works on copies only when the report refuses. */
  readonly profile: Profile;
}

export interface BuilderOptions {
  readonly privateRoot: PrivateRoot;
  /** Absolute. */
  readonly binary: string;
  readonly gitFor: RunGitFor;
  /** Called when a private directory was made that will be used. */
  onMade(prepared: Prepared, profile: Profile): void;
  /** Called when a state is over: long-lived processes that were started on it have to end. */
  onOver(profile: Profile): void;
}

/** Makes private directories, and hands them out or takes them away again. */
export interface Builder {
  /** Refuses `repository.refused`, `repository.broken` and `repository.too_large`. */
  build(layout: Layout, run: Run): Promise<Kept>;
  /**
   * Looks at everything and hands out what was found, refused or not. All is gone afterwards.
   *
   * @param links whether git may read objects in the meantime.
   */
  inspect<Value>(
    layout: Layout,
    run: Run,
    links: boolean,
    use: (inspection: Inspection) => Value | Promise<Value>,
  ): Promise<Value>;
}

export function createBuilder(options: BuilderOptions): Builder {
  const blank = createBlank(options);
  let prepared = 0;

  const prepareIn = async (
    layout: Layout,
    run: Run,
    { report, links }: { readonly report: Report; readonly links: boolean },
  ): Promise<Prepared> => {
    prepared += 1;
    const name = String(prepared);
    const directory = options.privateRoot.make(name);
    const { signal } = run;
    const tools = { blank: blank(), report, git: options.gitFor(run), signal, name, links };
    try {
      return await prepare(layout, directory, tools);
    } catch (error) {
      options.privateRoot.drop(directory);
      throw error;
    }
  };

  const build = async (layout: Layout, run: Run): Promise<Kept> => {
    const report = createReport();
    const made = await prepareIn(layout, run, { report, links: true });
    if (report.refused) {
      options.privateRoot.drop(made.directory);
      return refuseBy(report);
    }
    const profile = profileOf(made, made.directory, options.binary);
    const index = createIndexKeeper(layout.gitDir, profile);
    const merges = createMergeStore(made, profile);
    try {
      options.onMade(made, profile);
    } catch (error) {
      options.privateRoot.drop(made.directory);
      throw error;
    }
    return { prepared: made, profile, index, merges, thoroughAt: performance.now() };
  };

  return {
    build,
    async inspect(layout, run, links, use) {
      const report = createReport();
      const made = await prepareIn(layout, run, { report, links });
      try {
        const profile = profileOf(made, made.directory, options.binary);
        return await use({ prepared: made, report, profile });
      } finally {
        options.privateRoot.drop(made.directory);
      }
    },
  };
}

/** A repository of ours with nothing in it, for commands that need none. */
function createBlank({ privateRoot, binary }: BuilderOptions): () => Profile {
  let profile: Profile | undefined;
  return () => {
    if (profile !== undefined && privateRoot.holds(profile.gitDir)) return profile;
    const gitDir = privateRoot.make('blank');
    for (const inner of ['objects', 'refs']) mkdirSync(join(gitDir, inner), { mode: 0o700 });
    writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n', { mode: 0o600 });
    writeFileSync(join(gitDir, 'config'), '[core]\n\tbare = true\n', { mode: 0o600 });
    profile = {
      key: 'blank',
      gitDir,
      workTree: undefined,
      objectFormat: 'sha1',
      operation: undefined,
      env: { ...ENVIRONMENT, GIT_DIR: gitDir },
      binary,
      warnings: [],
    };
    return profile;
  };
}
