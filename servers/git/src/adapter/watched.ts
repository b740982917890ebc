import { setTimeout as sleep } from 'node:timers/promises';

import type { Repository } from './repository.ts';
import { type Places, refuseMoved } from './repository/places.ts';

/** How often files of the work tree are compared again that changed meanwhile, and after how many milliseconds. */
const TRIES_MAX = 3;
const PAUSE_MS = 30;

/**
 * A repository whose answers are given only when its directories still stand where they stood.
 *
 * @param onMoved called before such an answer is refused: what was kept of the repository may be another's.
 */
export function watched(repository: Repository, places: Places, onMoved: () => void): Repository {
  const confirm = (): void => {
    try {
      places.confirm();
    } catch (error) {
      onMoved();
      throw error;
    }
  };
  const compared = comparing(places, confirm);
  const after =
    <Given extends readonly unknown[], Value>(act: (...given: Given) => Promise<Value>) =>
    async (...given: Given): Promise<Value> => {
      const value = await act(...given);
      confirm();
      return value;
    };
  return {
    id: repository.id,
    warnings: repository.warnings,
    bare: repository.bare,
    resolve: after(repository.resolve),
    commitOf: after(repository.commitOf),
    head: after(repository.head),
    commit: after(repository.commit),
    tag: after(repository.tag),
    entryAt: after(repository.entryAt),
    blob: after(repository.blob),
    tree: after(repository.tree),
    log: after(repository.log),
    grep: after(repository.grep),
    blame: after(repository.blame),
    refs: after(repository.refs),
    reflog: after(repository.reflog),
    contributors: after(repository.contributors),
    compare: after(repository.compare),
    mergeBases: after(repository.mergeBases),
    namesLike: after(repository.namesLike),
    status: async (query) =>
      compared(
        async () => repository.status(query),
        ({ entries }) => entries,
      ),
    diff: async (query) =>
      query.what.mode === 'unstaged' || query.what.mode === 'worktree'
        ? compared(
            async () => repository.diff(query),
            ({ files }) => files,
          )
        : after(repository.diff)(query),
  };
}

/** Compares files of the work tree, again when a directory on the way to one of them changed meanwhile. */
function comparing(places: Places, confirm: () => void) {
  return async <Value>(
    compare: () => Promise<Value>,
    filesOf: (value: Value) => readonly { readonly path: string }[],
  ): Promise<Value> => {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const since = Date.now();
      // oxlint-disable-next-line no-await-in-loop -- one try after the other, by intent
      const value = await compare();
      confirm();
      const paths = filesOf(value).map(({ path }) => path);
      if (!places.hasChanged(paths, since)) return value;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(PAUSE_MS);
    }
    return refuseMoved();
  };
}
