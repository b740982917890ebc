import { beginningOf, textFromByteString } from '@secure-mcp/validation';

import { type Argument, type Oid, option, parseOid, ref, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ReflogQuery } from '../repository.ts';
import type { ReflogEntry, ReflogPage } from '../results.ts';
import { NUL, readFields, utf8 } from './z-fields.ts';
import { zoned } from './zoned.ts';

/**
 * Where a ref pointed before, newest first; the stash is one of them. A ref without a log has no entries.
 * Refuses `revision.unknown` for a ref that is not there.
 *
 * git names an entry either by its number or by its time. Numbers cannot be counted here, because git
 * passes over entries whose commit is gone; so it is asked for both.
 */
export async function reflog(handle: Handle, query: ReflogQuery): Promise<ReflogPage> {
  const { limit } = query;
  const [entries, times] = await Promise.all([
    read(handle, query, []),
    read(handle, query, [word('--date=raw')]),
  ]);
  if (entries === undefined) {
    if (await exists(handle, query)) return refuse('repository.broken');
    return refuse('revision.unknown');
  }
  return {
    entries: entries.slice(0, limit).map((entry, at) => entryOf(entry, times?.[at])),
    more: entries.length > limit,
  };
}

interface RawEntry {
  readonly oid: Oid;
  /** `main@{3}`, or with a time in the braces. */
  readonly selector: string;
  readonly by: string;
  readonly message: string;
}

const FATAL = 128;

/** Undefined when git could not do it. */
async function read(
  handle: Handle,
  { ref: name, skip, limit }: ReflogQuery,
  form: readonly Argument[],
): Promise<RawEntry[] | undefined> {
  const entries: RawEntry[] = [];
  const { code, cut } = await readFields(
    handle,
    {
      args: [
        word('log'),
        word('--walk-reflogs'),
        word('-z'),
        word('--format=%H%n%gd%n%gn <%ge>%n%gs'),
        ...form,
        word('--no-show-signature'),
        word('--no-mailmap'),
        word('--no-notes'),
        word('--no-decorate'),
        word('--no-color'),
        option('--skip=', skip),
        option('--max-count=', limit + 1),
        ref(name),
        word('--'),
      ],
      separator: NUL,
      exitCodes: [0, FATAL],
    },
    (field) => {
      entries.push(parse(field));
    },
  );
  return code === 0 || cut ? entries : undefined;
}

/** None of these fields can hold a line feed: a log has one entry on a line. */
function parse(field: string): RawEntry {
  const [oid = '', selector = '', by = '', message = ''] = field.split('\n');
  return { oid: parseOid(oid) ?? refuse('repository.broken'), selector, by, message };
}

function entryOf(
  { oid, selector, by, message }: RawEntry,
  timed: RawEntry | undefined,
): ReflogEntry {
  const [, seconds, zone = ''] = /@\{(\d+) ([+-]\d{4})\}$/.exec(timed?.selector ?? '') ?? [];
  // Someone may have written to the log in between.
  const isSame = timed?.oid === oid && timed.message === message;
  return {
    selector: textFromByteString(selector),
    oid,
    at: isSame && seconds !== undefined ? zoned(Number(seconds), zone) : undefined,
    by: beginningOf(utf8(by), LIMITS.nameCharactersMax),
    message: beginningOf(utf8(message), LIMITS.messageCharactersMax),
  };
}

async function exists(handle: Handle, { ref: name }: ReflogQuery): Promise<boolean> {
  const { code } = await handle.git(
    {
      args: [word('show-ref'), word('--verify'), word('--quiet'), word('--'), ref(name)],
      exitCodes: [0, 1, FATAL],
    },
    () => true,
  );
  return code === 0;
}
