import { findGit } from '../../src/adapter/git-binary.ts';
import type { GitCommand, GitEnded, Profile, Run, Sink } from '../../src/adapter/handle.ts';
import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import type { Opened } from '../../src/adapter/repository/building.ts';
import { createKeeper, type Keeper } from '../../src/adapter/repository/keeper.ts';
import { type Layout, locate } from '../../src/adapter/repository/layout.ts';
import type { PrivateIndex } from '../../src/adapter/repository/private-index.ts';
import { createPrivateRoot } from '../../src/adapter/repository/private-root.ts';
import { type Argument, word } from '../../src/guard/argument.ts';

/** This part of the adapter without the operations that others build on it. */
export interface Opening {
  readonly keeper: Keeper;
  /** Keys of states that are over. */
  readonly over: readonly string[];
  gitFor(run: Run): (profile: Profile, command: GitCommand, sink: Sink) => Promise<GitEnded>;
  layout(root: string, ...steps: string[]): Layout;
  open(root: string, ...steps: string[]): Promise<Opened>;
  index(opened: Opened): Promise<PrivateIndex>;
  /** Runs a command as an operation does: in the profile, on the index that was looked through. */
  git(opened: Opened, args: readonly Argument[]): Promise<string>;
  close(): Promise<boolean>;
}

/**
 * @param parent where the private directory is made.
 * @param binary the git to use.
 */
export function openingIn(parent: string, binary = findGit(undefined) ?? ''): Opening {
  const runner = createGitRunner();
  const over: string[] = [];
  const privateRoot = createPrivateRoot({ parent, prefix: 'secure-mcp-git-' });
  const gitFor = (run: Run) => (profile: Profile, command: GitCommand, sink: Sink) =>
    runner.run(profile, command, run, sink);
  const keeper = createKeeper({
    privateRoot,
    binary,
    gitFor,
    onMade: () => undefined,
    onOver: ({ key }) => over.push(key),
  });
  const index = async (opened: Opened): Promise<PrivateIndex> => {
    const run = someTime();
    return opened.index.current({ git: gitFor(run), signal: run.signal });
  };
  return {
    keeper,
    over,
    gitFor,
    layout: layoutOf,
    open: async (root, ...steps) => keeper.open(layoutOf(root, ...steps), someTime()),
    index,
    async git(opened, args) {
      const run = someTime();
      const { file } = await index(opened);
      const isMerge = args[0] === word('merge-tree');
      const profile = isMerge ? await opened.merges.profile(run) : opened.profile;
      const env = { ...profile.env, GIT_INDEX_FILE: file };
      const refreshes = args[0] === word('status') || args[0] === word('diff');
      let printed = '';
      await runner.run({ ...profile, env }, { args, refreshes }, run, (piece) => {
        printed += piece.toString('latin1');
      });
      return printed;
    },
    async close() {
      const ended = await runner.close();
      return privateRoot.close() && ended;
    },
  };
}

function layoutOf(root: string, ...steps: string[]): Layout {
  const located = locate({ name: 'root', path: root }, steps);
  if (located.kind !== 'found') throw new Error(`the repository is ${located.kind}`);
  return located.layout;
}

/** Far more than anything here takes on a busy machine. */
export function someTime(): Run {
  return { signal: AbortSignal.timeout(60_000), deadline: performance.now() + 60_000 };
}
