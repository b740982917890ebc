import { findGit } from '../../src/adapter/git-binary.ts';
import type { GitCommand, GitEnded, Profile, Run, Sink } from '../../src/adapter/handle.ts';
import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import type { Opened } from '../../src/adapter/repository/building.ts';
import {
  createKeeper,
  type Keeper,
  type KeeperBytes,
} from '../../src/adapter/repository/keeper.ts';
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
 * @param how the git to use, and how much may be kept, where that is not as ever.
 */
export function openingIn(
  parent: string,
  how: { readonly binary?: string; readonly bytes?: KeeperBytes } = {},
): Opening {
  const runner = createGitRunner();
  const over: string[] = [];
  const privateRoot = createPrivateRoot({ parent, prefix: 'secure-mcp-git-' });
  const gitFor = (run: Run) => (profile: Profile, command: GitCommand, sink: Sink) =>
    runner.run(profile, command, run, sink);
  const parts = {
    privateRoot,
    binary: how.binary ?? findGit(undefined) ?? '',
    gitFor,
    onMade: () => undefined,
    onOver: ({ key }: Profile) => over.push(key),
  };
  const keeper = createKeeper(parts, how.bytes);
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
      const refreshes = args[0] === word('status') || args[0] === word('diff');
      let printed = '';
      const act = async (profile: Profile): Promise<GitEnded> => {
        const env = { ...profile.env, GIT_INDEX_FILE: file };
        return runner.run({ ...profile, env }, { args, refreshes }, run, (piece) => {
          printed += piece.toString('latin1');
        });
      };
      const isMerge = args[0] === word('merge-tree');
      await (isMerge ? opened.merges.use(run, act) : act(opened.profile));
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
