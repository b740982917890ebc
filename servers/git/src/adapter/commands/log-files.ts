import { object, type Oid, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ChangedFile, Commit } from '../results.ts';
import { ChangesReading } from './changes-reading.ts';
import { DIFF_FLAGS } from './diff-flags.ts';
import { LOG_FLAGS } from './log-flags.ts';
import { oidFromGit } from './oids.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/** Files of commits, by the commit's name. */
export interface CommitFiles {
  readonly files: ReadonlyMap<Oid, readonly ChangedFile[]>;
  /** How many more files a commit changed, where not all are listed. */
  readonly leftOut: ReadonlyMap<Oid, number>;
}

/**
 * Lists what each commit changed against its first parent, with one command for all of them.
 *
 * A line that begins with NUL begins a commit; no name can hold one, and names stand quoted besides.
 */
export async function filesOf(handle: Handle, commits: readonly Commit[]): Promise<CommitFiles> {
  const readings = new Map<Oid, ChangesReading>();
  let reading: ChangesReading | undefined;
  const fields = { args: [...COMMAND, ...commits.map(({ oid }) => object(oid)), word('--')] };
  const { cut: isCut } = await readFields(
    handle,
    { ...fields, separator: LINE_FEED },
    (line, cut) => {
      if (line.startsWith(MARK)) {
        reading = new ChangesReading(PAGE);
        readings.set(oidFromGit(line.slice(MARK.length)), reading);
      } else if (line !== '') {
        reading?.line(line, cut);
      }
    },
  );
  // Where a commit's files would be missing there is no telling which.
  if (isCut) return refuse('repository.too_large');
  const leftOut = new Map<Oid, number>();
  for (const [oid, { files: all }] of readings) {
    if (all > PAGE.limit) leftOut.set(oid, all - PAGE.limit);
  }
  // git leaves out a merge that changed nothing against its first parent.
  const files = commits.map(({ oid }) => [oid, readings.get(oid)?.list() ?? []] as const);
  return { files: new Map(files), leftOut };
}

const MARK = '\0';

const COMMAND = [
  word('log'),
  // In the order of the arguments, and only those.
  word('--no-walk=unsorted'),
  word('--format=%x00%H'),
  word('--raw'),
  word('--numstat'),
  word('--no-abbrev'),
  word('--diff-merges=first-parent'),
  word('--root'),
  ...LOG_FLAGS,
  ...DIFF_FLAGS,
];

/** Of one commit. */
const PAGE = {
  skip: 0,
  limit: LIMITS.itemsMax,
  patchBytes: undefined,
  named: new Set<string>(),
  ways: undefined,
};
