import { textFromByteString } from '@secure-mcp/validation';

import { type Finding, LIMITS, SEVERITIES, type Severity } from '../../policy.ts';
import type { PlainProblem } from './plain-file.ts';
import type { HostBytes, TreeProblem } from './plain-tree.ts';

/** Collects what an inspection meets. A repository is refused when one finding says so. */
export interface Report {
  add(finding: Finding): void;
  readonly refused: boolean;
  /** The worst first, not more than the limit. */
  sorted(): { readonly findings: readonly Finding[]; readonly truncated: boolean };
}

export function createReport(): Report {
  const byKey = new Map<string, Finding>();
  let refused = false;
  let dropped = false;
  return {
    add(finding) {
      refused ||= finding.refuses;
      const key = `${finding.id}\0${finding.where}`;
      // A hostile repository can hold a million of them: some more than are shown, and no more.
      if (byKey.size >= 4 * LIMITS.findingsMax && !finding.refuses) dropped = true;
      else if (byKey.size < 8 * LIMITS.findingsMax) byKey.set(key, finding);
      else dropped = true;
    },
    get refused() {
      return refused;
    },
    sorted() {
      const all = [...byKey.values()].sort(byWeight);
      return {
        findings: all.slice(0, LIMITS.findingsMax),
        truncated: dropped || all.length > LIMITS.findingsMax,
      };
    },
  };
}

function byWeight(one: Finding, other: Finding): number {
  return (
    Number(other.refuses) - Number(one.refuses) ||
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  );
}

/** What the inspection can meet by itself; the keys of configurations have a table of their own (guard). */
const TABLE = {
  'layout.gitfile': [
    'reads outside',
    true,
    'The file `.git` is malformed, or names a directory outside. Plain git would read the repository there.',
  ],
  'layout.link': [
    'reads outside',
    true,
    'A link stands where a file or a directory of git belongs. Plain git would follow it.',
  ],
  'layout.special': [
    'breaks',
    true,
    'A pipe, a socket or a device stands where a file of git belongs. Plain git would wait for it.',
  ],
  'layout.too_large': ['breaks', true, 'A file of git is larger than this server reads.'],
  'layout.unreadable': ['breaks', true, 'A file of git cannot be read by this server.'],
  'layout.malformed': ['breaks', true, 'A file of git is malformed.'],
  'layout.missing': ['breaks', true, 'A part without which there is no repository is missing.'],
  'layout.commondir': [
    'reads outside',
    true,
    'The repository says that its refs and objects lie elsewhere, outside. Plain git would read them there.',
  ],
  'layout.tables': [
    'reads outside',
    true,
    'The list of tables of refs names a file elsewhere. Plain git would read the refs there.',
  ],
  'layout.embedded': [
    'executes',
    false,
    'A directory looks like a bare repository, so plain git would act on its configuration there.',
  ],
  'layout.crowded': ['breaks', true, 'There are more files than this server inspects.'],
  'objects.alternate_outside': [
    'reads outside',
    true,
    'Objects are taken from a directory outside. Plain git would read them there.',
  ],
  'objects.alternate_missing': [
    'breaks',
    false,
    'Objects are taken from a directory that is gone.',
  ],
  'objects.alternate': [
    'notes',
    false,
    'Objects are taken from another directory within the root.',
  ],
  'index.path': [
    'reads outside',
    true,
    'The index names a file outside the work tree, or one of git itself. Plain git would read it for a diff.',
  ],
  'index.broken': ['breaks', true, 'git cannot read the index.'],
  'index.assume_unchanged': [
    'hides',
    false,
    'Entries of the index are marked assume-unchanged: plain git and this server show no change of them.',
  ],
  'index.skip_worktree': [
    'hides',
    false,
    'Entries of the index are marked skip-worktree without a sparse checkout: changes of them are not shown.',
  ],
} as const satisfies Record<string, readonly [Severity, boolean, string]>;

export type FindingId = keyof typeof TABLE;

/** A finding of the inspection's own. `where` is bytes and is made visible here; it never holds a value. */
export function findingOf(id: FindingId, where: HostBytes): Finding {
  const [severity, refuses, effect] = TABLE[id];
  return { id, severity, refuses, effect, where: textFromByteString(where) };
}

const FILE_PROBLEMS = {
  link: 'layout.link',
  special: 'layout.special',
  'too large': 'layout.too_large',
  unreadable: 'layout.unreadable',
} as const satisfies Record<PlainProblem, FindingId>;

/** What is wrong with a file of git's that could not be read. */
export function fileProblem(problem: PlainProblem, where: HostBytes): Finding {
  return findingOf(FILE_PROBLEMS[problem], where);
}

const TREE_PROBLEMS = {
  link: 'layout.link',
  special: 'layout.special',
  crowded: 'layout.crowded',
  unreadable: 'layout.unreadable',
} as const satisfies Record<TreeProblem, FindingId>;

/** What is wrong with an entry beneath a directory of git's, named from `base` on. */
export function treeProblem(
  { where, problem }: { readonly where: HostBytes; readonly problem: TreeProblem },
  base: HostBytes,
): Finding {
  const beneath = where.startsWith(`${base}/`) ? where.slice(base.length + 1) : '(outside)';
  return findingOf(TREE_PROBLEMS[problem], beneath);
}
