import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { put } from '../files.ts';
import { git } from '../run.ts';
import { cloneTemplate, commitAll, copyClean, copyTemplate, type LayoutPlan } from './layout.ts';

/** What a person is in the middle of. */
export const STATES: readonly LayoutPlan[] = [
  {
    name: 'empty',
    notes: 'no commit yet; one file staged, one untracked',
    build({ directory, path }) {
      git(directory, ['init', '--quiet', '--template=', path]);
      put(path, 'staged.txt', 'staged\n');
      put(path, 'untracked.txt', 'untracked\n');
      git(path, ['add', 'staged.txt']);
    },
  },
  {
    name: 'detached',
    notes: 'HEAD is a commit',
    build(place) {
      copyTemplate(place);
      git(place.path, ['checkout', '--quiet', '--detach', 'HEAD']);
    },
  },
  {
    name: 'conflict',
    notes: 'a merge that stopped',
    build(place) {
      copyClean(place);
      git(place.path, ['merge', '--quiet', 'side'], { mayFail: true });
    },
  },
  {
    name: 'cherry-pick',
    notes: 'a cherry-pick that stopped',
    build(place) {
      copyClean(place);
      git(place.path, ['cherry-pick', 'side'], { mayFail: true });
    },
  },
  {
    name: 'rebase',
    notes: 'a rebase that stopped',
    build(place) {
      copyClean(place);
      git(place.path, ['checkout', '--quiet', 'side']);
      git(place.path, ['rebase', '--quiet', 'main'], { mayFail: true });
    },
  },
  {
    name: 'revert',
    notes: 'a revert that is not committed',
    build(place) {
      copyClean(place);
      git(place.path, ['revert', '--no-commit', 'HEAD']);
    },
  },
  {
    name: 'bisect',
    notes: 'a bisection',
    build(place) {
      copyClean(place);
      git(place.path, ['bisect', 'start', 'HEAD', 'HEAD~2']);
    },
  },
  {
    name: 'tracking',
    notes: 'two commits ahead of its upstream, one behind',
    build(place) {
      cloneTemplate(place);
      git(place.path, ['update-ref', 'refs/heads/main', 'HEAD~1']);
      git(place.path, ['reset', '--quiet', '--hard']);
      for (const turn of [1, 2]) {
        put(place.path, `ahead-${String(turn)}.txt`, 'ahead\n');
        commitAll(place.path, `Go ahead, ${String(turn)}`, 20 + turn);
      }
    },
  },
  {
    name: 'stash',
    notes: 'two stashed changes, one of them with an untracked file',
    build(place) {
      copyTemplate(place);
      git(place.path, ['stash', 'push', '--quiet', '--message', 'first thoughts'], { minute: 20 });
      appendFileSync(join(place.path, 'README.md'), 'more\n');
      const words = ['--include-untracked', '--message', 'second thoughts'];
      git(place.path, ['stash', 'push', '--quiet', ...words], { minute: 21 });
    },
  },
  {
    name: 'reflog',
    notes: 'resets, checkouts, an amended commit and a renamed branch',
    build(place) {
      copyClean(place);
      const { path } = place;
      put(path, 'first.txt', 'first\n');
      commitAll(path, 'Try', 20);
      git(path, ['commit', '--quiet', '--amend', '--message=Try again'], { minute: 21 });
      git(path, ['reset', '--quiet', '--hard', 'HEAD~1'], { minute: 22 });
      git(path, ['checkout', '--quiet', '-b', 'other'], { minute: 23 });
      git(path, ['branch', '--move', 'another'], { minute: 24 });
      git(path, ['checkout', '--quiet', 'main'], { minute: 25 });
    },
  },
];
