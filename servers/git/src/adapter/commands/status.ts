import { parseOid, paths, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { StatusQuery } from '../repository.ts';
import type { Status, StatusEntry } from '../results.ts';
import { changeKind } from './raw-numstat.ts';
import { shownPath } from './shown-path.ts';
import { NUL, readFields } from './z-fields.ts';

const UNTRACKED = {
  none: word('--untracked-files=no'),
  normal: word('--untracked-files=normal'),
  all: word('--untracked-files=all'),
} as const;

/**
 * The branch, and what is staged, changed, untracked or in conflict; everything is counted, and the first
 * entries are listed. Submodules are not looked into. Refuses `repository.bare`, `path.encoding`.
 */
export async function status(handle: Handle, query: StatusQuery): Promise<Status> {
  const { assumeUnchanged, skipWorktree } = await handle.index();
  const reading = new StatusReading(query.limit);
  const { cut } = await readFields(
    handle,
    {
      args: [
        word('status'),
        word('--porcelain=v2'),
        word('-z'),
        word('--branch'),
        word('--ahead-behind'),
        word('--renames'),
        word('--ignore-submodules=dirty'),
        word('--ignored=no'),
        UNTRACKED[query.untracked],
        ...paths(query.paths),
      ],
      refreshes: true,
      separator: NUL,
      bytesMax: LIMITS.countedBytesMax,
    },
    (field) => reading.field(field),
  );
  // A sparse checkout marks what it leaves out: nothing is hidden by that.
  const isSparse = handle.profile.warnings.includes('sparse');
  return {
    ...reading.facts(),
    operation: handle.profile.operation,
    hidden: assumeUnchanged + (isSparse ? 0 : skipWorktree),
    truncated: cut || reading.found > reading.entries.length,
  };
}

/** Reads `--porcelain=v2 -z --branch`. */
class StatusReading {
  readonly entries: StatusEntry[] = [];
  found = 0;
  readonly #limit: number;
  readonly #headers = new Map<string, string>();
  readonly #counts = { staged: 0, unstaged: 0, untracked: 0, conflicts: 0 };
  /** The old name of a rename is a field of its own behind the new one. */
  #renamed: StatusEntry | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  field(field: string): void {
    const renamed = this.#renamed;
    this.#renamed = undefined;
    if (renamed !== undefined) this.#add({ ...renamed, from: visible(field) });
    else if (field.startsWith('# ')) this.#header(field);
    else if (field.startsWith('2 ')) this.#renamed = this.#changed(field, 9);
    else this.#add(this.#entry(field));
  }

  facts(): Omit<Status, 'operation' | 'hidden' | 'truncated'> {
    const branch = this.#headers.get('branch.head');
    const upstream = this.#headers.get('branch.upstream');
    const [, ahead, behind] = /^\+(\d+) -(\d+)$/.exec(this.#headers.get('branch.ab') ?? '') ?? [];
    return {
      branch: branch === undefined || branch === '(detached)' ? undefined : visible(branch),
      // `(initial)` before the first commit, which is no name of an object.
      head: parseOid(this.#headers.get('branch.oid') ?? ''),
      upstream: upstream === undefined ? undefined : visible(upstream),
      ahead: ahead === undefined ? undefined : Number(ahead),
      behind: behind === undefined ? undefined : Number(behind),
      entries: this.entries,
      counts: this.#counts,
    };
  }

  #header(field: string): void {
    const end = field.indexOf(' ', 2);
    this.#headers.set(field.slice(2, end), field.slice(end + 1));
  }

  #entry(field: string): StatusEntry {
    if (field.startsWith('1 ')) return this.#changed(field, 8);
    if (field.startsWith('u ')) {
      return { ...NOTHING, path: visible(afterWords(field, 10)), conflict: field.slice(2, 4) };
    }
    return { ...NOTHING, path: visible(field.slice(2)), untracked: true };
  }

  /** A line whose path stands behind so many words; the second word says what changed where. */
  #changed(field: string, words: number): StatusEntry {
    return {
      ...NOTHING,
      path: visible(afterWords(field, words)),
      staged: changeKind(field.slice(2, 3)),
      unstaged: changeKind(field.slice(3, 4)),
    };
  }

  #add(entry: StatusEntry): void {
    this.found += 1;
    if (entry.staged !== undefined) this.#counts.staged += 1;
    if (entry.unstaged !== undefined) this.#counts.unstaged += 1;
    if (entry.untracked) this.#counts.untracked += 1;
    if (entry.conflict !== undefined) this.#counts.conflicts += 1;
    if (this.entries.length < this.#limit) this.entries.push(entry);
  }
}

const visible = shownPath;

const NOTHING = {
  from: undefined,
  staged: undefined,
  unstaged: undefined,
  conflict: undefined,
  untracked: false,
} as const;

/** What stands behind so many words; it may hold spaces itself. */
function afterWords(field: string, words: number): string {
  let at = 0;
  for (let passed = 0; passed < words; passed += 1) at = field.indexOf(' ', at) + 1;
  return field.slice(at);
}
