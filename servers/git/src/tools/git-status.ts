import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Status, StatusEntry } from '../adapter/index.ts';
import { treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { pathsOf } from './revisions.ts';
import {
  counted,
  cuttable,
  joinSentences,
  judged,
  listOf,
  pageLimit,
  present,
  repositoryAsked,
  shortId,
  warningsOf,
  warningText,
} from './words.ts';

const ENTRY = z.strictObject({
  path: z.string(),
  from: z.string().optional(),
  staged: z.string().optional(),
  unstaged: z.string().optional(),
  conflict: z.string().optional(),
  untracked: z.boolean().optional(),
});
type Entry = z.output<typeof ENTRY>;

const BRANCH = z.strictObject({
  /** Absent where HEAD is detached. */
  name: z.string().optional(),
  /** Absent before the first commit. */
  oid: z.string().optional(),
  upstream: z.string().optional(),
  ahead: z.int().optional(),
  behind: z.int().optional(),
});

const COUNTS = z.strictObject({
  staged: z.int(),
  unstaged: z.int(),
  untracked: z.int(),
  conflicts: z.int(),
  /** Files whose changes a flag in the index keeps out of sight. */
  hidden: z.int(),
});

export const gitStatus = defineTool({
  name: 'git_status',
  title: 'Status',
  description: 'The branch, and what is staged, changed, untracked or in conflict.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path', 'from', 'name', 'upstream'],
  input: z.strictObject({
    repo: repositoryAsked,
    untracked: z.enum(['none', 'normal', 'all']).default('normal'),
    paths: z.array(treePath).max(LIMITS.pathsMax).optional(),
    limit: pageLimit,
  }),
  output: z.strictObject({
    branch: judged(BRANCH),
    operation: z.string().optional(),
    entries: listOf(ENTRY),
    counts: judged(COUNTS),
    ...cuttable,
  }),

  async run({ repo, untracked, paths, limit }, { open }: Context) {
    const repository = await open(repo);
    const status = await repository.status({ untracked, paths: pathsOf(paths), limit });
    return { output: { ...statusFacts(status), ...warningsOf(repository.warnings) } };
  },

  render({ branch, operation, entries: listed, counts, truncated, warnings }) {
    const entries = z.array(ENTRY).parse(listed);
    const { hidden, ...states } = COUNTS.parse(counts);
    const told = Object.entries(states).filter(([, count]) => count > 0);
    return {
      summary: joinSentences(
        told.length === 0
          ? 'Nothing changed.'
          : `${told.map(([what, count]) => `${String(count)} ${what}`).join(', ')}.`,
        truncated
          ? `The first ${counted(entries.length, 'entry', 'entries')}; narrow with paths.`
          : '',
        hidden === 0 ? '' : `Hidden by index flags: ${String(hidden)}.`,
        warningText(warnings),
      ),
      data: [branchLine(BRANCH.parse(branch), operation), ...entries.flatMap(entryLines)].join(
        '\n',
      ),
    };
  },
});

function statusFacts({ entries, counts, hidden, truncated, ...status }: Status) {
  const { branch, head, upstream, ahead, behind, operation } = status;
  return {
    branch: present({ name: branch, oid: head, upstream, ahead, behind }),
    operation,
    entries: entries.map(entryFacts),
    counts: { ...counts, hidden },
    truncated,
  };
}

function entryFacts({ path, ...entry }: StatusEntry): Entry {
  const { from, staged, unstaged, conflict, untracked } = entry;
  return { path, ...present({ from, staged, unstaged, conflict, untracked }) };
}

/** Names last, for the same reason as paths. */
function branchLine(
  { name, oid, upstream, ahead, behind }: z.output<typeof BRANCH>,
  operation: string | undefined,
): string {
  const distance =
    ahead === undefined || behind === undefined
      ? ''
      : `${String(ahead)} ahead, ${String(behind)} behind  `;
  return [
    oid === undefined ? 'no commit' : shortId(oid),
    ...(operation === undefined ? [] : [`in a ${operation}`]),
    name === undefined ? 'detached' : `branch ${name}`,
    ...(upstream === undefined ? [] : [`${distance}upstream ${upstream}`]),
  ].join('  ');
}

function entryLines({ path, from, staged, unstaged, conflict, untracked }: Entry): string[] {
  const state = [
    staged === undefined ? '' : `staged: ${staged}`,
    unstaged === undefined ? '' : `unstaged: ${unstaged}`,
    conflict === undefined ? '' : `conflict: ${conflict}`,
    untracked === true ? 'untracked' : '',
  ].filter((word) => word !== '');
  const line = `${state.join(', ')}  ${path}`;
  return from === undefined ? [line] : [line, `  from  ${from}`];
}
