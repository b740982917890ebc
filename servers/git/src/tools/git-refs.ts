import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Ref } from '../adapter/index.ts';
import { cursorText, needle, revision } from '../guard/index.ts';
import type { Context } from './context.ts';
import { expectSameList } from './revisions.ts';
import {
  joinSentences,
  listOf,
  moreText,
  oneLine,
  paged,
  pageLimit,
  present,
  repositoryAsked,
  shortId,
  warningsOf,
  warningText,
} from './words.ts';

const KINDS = ['branch', 'remote', 'tag', 'other'] as const;

const REF = z.strictObject({
  name: z.string(),
  kind: z.enum(KINDS),
  oid: z.string(),
  object: z.string().optional(),
  peeled: z.string().optional(),
  symbolic: z.string().optional(),
  upstream: z.string().optional(),
  ahead: z.int().optional(),
  behind: z.int().optional(),
  gone: z.boolean().optional(),
  current: z.boolean().optional(),
  at: z.string().optional(),
  subject: z.string(),
});
type RefFacts = z.output<typeof REF>;

export const gitRefs = defineTool({
  name: 'git_refs',
  title: 'Refs',
  description: 'Branches, remote branches and tags, with what they point to.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['name', 'symbolic', 'upstream'],
  input: z.strictObject({
    repo: repositoryAsked,
    kinds: z.array(z.enum(KINDS)).max(KINDS.length).optional(),
    name: needle.optional().describe('A part of it.'),
    contains: revision.optional(),
    merged_into: revision.optional(),
    sort: z.enum(['name', 'newest']).default('name'),
    limit: pageLimit,
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({ refs: listOf(REF), total: z.int(), ...paged }),

  async run({ repo, cursor, limit, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_refs', repository.id, asked];
    const at = context.readCursor(cursor, question);
    const { skip, oid, base } = at;
    const { contains, merged_into: into, kinds = [] } = asked;
    const query = {
      kinds: kinds.length === 0 ? KINDS : kinds,
      contains: oid ?? (contains && (await repository.commitOf(contains))),
      mergedInto: base ?? (into && (await repository.commitOf(into))),
      name: asked.name,
      sort: asked.sort,
    };
    const { refs, total, more, digest } = await repository.refs({ ...query, skip, limit });
    // A ref that came or went has moved all others: the same place would hide one, or show one twice.
    expectSameList(at, digest);
    const next = { skip: skip + refs.length, oid: query.contains, base: query.mergedInto, digest };
    return {
      output: {
        refs: refs.map(refFacts),
        total,
        truncated: more,
        next_cursor: more ? context.writeCursor(question, next) : undefined,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ refs, total, next_cursor: next, warnings }) {
    return {
      summary: joinSentences(
        `${String(refs.length)} of ${String(total)} refs.`,
        moreText(next),
        warningText(warnings),
      ),
      data: z.array(REF).parse(refs).map(refLine).join('\n'),
    };
  },
});

function refFacts({ name, kind, oid, objectKind, subject, ...ref }: Ref): RefFacts {
  const { peeled, symbolic, upstream, ahead, behind, gone, current, at } = ref;
  return {
    name,
    kind,
    oid,
    ...present({ object: objectKind === 'commit' ? undefined : objectKind, peeled, symbolic }),
    ...present({ upstream, gone, current, at }),
    ...(ahead !== undefined && { ahead }),
    ...(behind !== undefined && { behind }),
    subject,
  };
}

/** `* branch  0123456789ab  2026-…  refs/heads/main  upstream …  subject` */
function refLine({ name, kind, oid, subject, ...ref }: RefFacts): string {
  const { upstream, ahead = 0, behind = 0, gone, current, symbolic, at } = ref;
  const distance = gone === true ? 'gone' : `+${String(ahead)} -${String(behind)}`;
  return [
    `${current === true ? '*' : ' '} ${kind.padEnd(WIDTH)}`,
    shortId(ref.peeled ?? oid),
    ...(at === undefined ? [] : [at]),
    name,
    ...(symbolic === undefined ? [] : [`is ${symbolic}`]),
    ...(upstream === undefined ? [] : [`${distance} ${upstream}`]),
    oneLine(subject),
  ].join('  ');
}

/** The longest kinds are `branch` and `remote`. */
const WIDTH = 6;
