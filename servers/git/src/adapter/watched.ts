import type { Repository } from './repository.ts';
import type { Places } from './repository/places.ts';

/**
 * A repository whose answers are given only when its directories still stand where they stood.
 *
 * @param onMoved called before such an answer is refused: what was kept of the repository may be another's.
 */
export function watched(repository: Repository, places: Places, onMoved: () => void): Repository {
  const checked = <Value>(value: Value, files: Iterable<string>): Value => {
    try {
      places.confirm();
      places.confirmFiles(files);
      return value;
    } catch (error) {
      onMoved();
      throw error;
    }
  };
  const after =
    <Given extends readonly unknown[], Value>(act: (...given: Given) => Promise<Value>) =>
    async (...given: Given): Promise<Value> =>
      checked(await act(...given), []);
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
    async status(query) {
      const status = await repository.status(query);
      return checked(
        status,
        status.entries.map(({ path }) => path),
      );
    },
    async diff(query) {
      const changes = await repository.diff(query);
      const readsFiles = query.what.mode === 'unstaged' || query.what.mode === 'worktree';
      return checked(changes, readsFiles ? changes.files.map(({ path }) => path) : []);
    },
  };
}
