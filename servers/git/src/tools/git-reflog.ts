import { defineTool, READS } from '@secure-mcp/runtime';
import { Refusal } from '@secure-mcp/validation';
import * as z from 'zod';

import type { ReflogEntry, ReflogPage, ReflogQuery, Repository } from '../adapter/index.ts';
import { cursorText, refName } from '../guard/index.ts';
import type { Context } from './context.ts';
import { expectSameList } from './revisions.ts';
import {
  counted,
  joinSentences,
  listOf,
  moreText,
  oneLine,
  paged,
  pageLimit,
  repositoryAsked,
  shortId,
  warningsOf,
  warningText,
} from './words.ts';

const ENTRY = z.strictObject({
  selector: z.string(),
  oid: z.string(),
  at: z.string().optional(),
  by: z.string(),
  message: z.string(),
});
type Entry = z.output<typeof ENTRY>;

export const gitReflog = defineTool({
  name: 'git_reflog',
  title: 'Reflog',
  description: 'Where HEAD, a branch or the stash pointed before, newest first.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['selector'],
  input: z.strictObject({
    repo: repositoryAsked,
    ref: refName.prefault('HEAD'),
    limit: pageLimit,
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({ entries: listOf(ENTRY), ...paged }),

  async run({ repo, cursor, limit, ref }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_reflog', repository.id, ref];
    const at = context.readCursor(cursor, question);
    const { skip } = at;
    const { entries, more, digestBefore, digest } = await read(repository, { ref, skip, limit });
    // A new entry moves all others, and so does one that is dropped: the same place would show one of them twice, or hide one.
    expectSameList(at, digestBefore);
    const next = { skip: skip + entries.length, digest };
    return {
      output: {
        entries: entries.map(entryFacts),
        truncated: more,
        next_cursor: more ? context.writeCursor(question, next) : undefined,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ entries, next_cursor: next, warnings }) {
    return {
      summary: joinSentences(
        `${counted(entries.length, 'entry', 'entries')}.`,
        moreText(next),
        warningText(warnings),
      ),
      data: z.array(ENTRY).parse(entries).map(entryLine).join('\n'),
    };
  },
});

/** Refs that are absent in a sound repository: nothing was stashed, or nothing committed yet. */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set(['HEAD', 'refs/stash']);

const NOTHING: ReflogPage = { entries: [], more: false, digestBefore: '', digest: '' };

async function read(repository: Repository, query: ReflogQuery): Promise<ReflogPage> {
  try {
    return await repository.reflog(query);
  } catch (error) {
    const isAbsent = error instanceof Refusal && error.code === 'revision.unknown';
    if (isAbsent && MAY_BE_ABSENT.has(query.ref)) return NOTHING;
    throw error;
  }
}

function entryFacts({ selector, oid, at, by, message }: ReflogEntry): Entry {
  return { selector, oid, ...(at !== undefined && { at }), by, message };
}

function entryLine({ selector, oid, at, by, message }: Entry): string {
  return [shortId(oid), selector, at ?? '(no date)', oneLine(by), oneLine(message)].join('  ');
}
