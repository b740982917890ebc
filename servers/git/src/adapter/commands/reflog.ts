import { beginningOf, textFromByteString } from '@secure-mcp/validation';

import { type Argument, option, parseOid, ref, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ReflogQuery } from '../repository.ts';
import type { ReflogEntry, ReflogPage } from '../results.ts';
import { ListDigest } from './list-digest.ts';
import { type RawEntry, readLogFile } from './reflog-file.ts';
import { NUL, readFields, utf8 } from './z-fields.ts';
import { zoned } from './zoned.ts';

/**
 * Where a ref pointed before, newest first; the stash is one of them. A ref without a log has no entries.
 * Refuses `revision.unknown` for a ref that is not there.
 *
 * All entries down to the page are read: new ones move the others, and so does one that is dropped, which
 * shows only in what came before.
 */
export async function reflog(handle: Handle, query: ReflogQuery): Promise<ReflogPage> {
  const { ref: name, skip, limit } = query;
  const page = new Page(query);
  const entries = await readLogFile(handle, name, skip + limit + 1);
  if (entries === undefined) return await readByGit(handle, query, page);
  for (const entry of entries) page.add(entry);
  return page.result();
}

/** Takes the entries of a log from the newest on, and keeps those of one page. */
class Page {
  readonly #skip: number;
  readonly #limit: number;
  readonly #digest = new ListDigest();
  readonly #entries: RawEntry[] = [];
  #digestBefore = '';
  #count = 0;

  constructor({ skip, limit }: ReflogQuery) {
    this.#skip = skip;
    this.#limit = limit;
  }

  add(entry: RawEntry): void {
    if (this.#count === this.#skip) this.#digestBefore = this.#digest.soFar();
    this.#count += 1;
    if (this.#count > this.#skip + this.#limit) return;
    // The time is left out: one of two readings has none.
    const { oid, selector, by, message } = entry;
    this.#digest.add([oid, selector, by, message].join('\0'));
    if (this.#count > this.#skip) this.#entries.push(entry);
  }

  /** @param times entries of the same page that have times in their selectors */
  result(times: readonly RawEntry[] = []): ReflogPage {
    const digest = this.#digest.soFar();
    return {
      entries: this.#entries.map((entry, at) => entryOf({ ...timeIn(entry, times[at]), ...entry })),
      more: this.#count > this.#skip + this.#limit,
      // Where the log has become so short, what came before is all that there is.
      digestBefore: this.#count > this.#skip ? this.#digestBefore : digest,
      digest,
    };
  }
}

const FATAL = 128;

/**
 * git names an entry either by its number or by its time. Numbers cannot be counted here, because git
 * passes over entries whose commit is gone; so it is asked for both.
 */
async function readByGit(handle: Handle, query: ReflogQuery, page: Page): Promise<ReflogPage> {
  const times: RawEntry[] = [];
  const { skip, limit } = query;
  const [isRead] = await Promise.all([
    readLog(handle, query, [option('--max-count=', skip + limit + 1)], (entry) => page.add(entry)),
    readLog(
      handle,
      query,
      [word('--date=raw'), option('--skip=', skip), option('--max-count=', limit)],
      (entry) => times.push(entry),
    ),
  ]);
  if (isRead) return page.result(times);
  if (await exists(handle, query)) return refuse('repository.broken');
  return refuse('revision.unknown');
}

/** False when git could not do it. */
async function readLog(
  handle: Handle,
  { ref: name }: ReflogQuery,
  form: readonly Argument[],
  take: (entry: RawEntry) => void,
): Promise<boolean> {
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
        ref(name),
        word('--'),
      ],
      separator: NUL,
      exitCodes: [0, FATAL],
      bytesMax: LIMITS.countedBytesMax,
    },
    (field) => take(parse(field)),
  );
  return code === 0 || cut;
}

/** None of these fields can hold a line feed: a log has one entry on a line. */
function parse(field: string): RawEntry {
  const [oid = '', selector = '', by = '', message = ''] = field.split('\n');
  return { oid: parseOid(oid) ?? refuse('repository.broken'), selector, by, message };
}

/** The time of an entry, which another reading told. */
function timeIn(entry: RawEntry, timed: RawEntry | undefined): Pick<RawEntry, 'time'> {
  const [, seconds, zone = ''] = /@\{(\d+) ([+-]\d{4})\}$/.exec(timed?.selector ?? '') ?? [];
  // Someone may have written to the log in between.
  const isSame = timed?.oid === entry.oid && timed.message === entry.message;
  return isSame && seconds !== undefined ? { time: { seconds: Number(seconds), zone } } : {};
}

function entryOf({ oid, selector, by, message, time }: RawEntry): ReflogEntry {
  return {
    selector: textFromByteString(selector),
    oid,
    at: time && zoned(time.seconds, time.zone),
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
