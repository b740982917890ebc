import { createHash } from 'node:crypto';

import { object, option, paths, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ContributorsQuery } from '../repository.ts';
import type { Contributor, Contributors } from '../results.ts';
import { decoderFor } from '../objects/decode.ts';
import { readPerson } from '../objects/person.ts';
import { type Mailmap, type Named, parseMailmap } from './mailmap.ts';
import { readMailmap } from './mailmap-file.ts';
import { NUL, readFields } from './z-fields.ts';

/** Bytes of a commit in which its author and its encoding stand, unless it has hundreds of parents. */
const HEADER_BYTES_MAX = 16_384;

/**
 * Who made how many commits, most first, as `git shortlog -sne`. Commits are read as they are stored, so
 * that no library of git's decodes them. Refuses `repository.too_large` for histories that print more than
 * LIMITS.countedBytesMax, or have more than LIMITS.contributorsMax authors: a path or a time makes them
 * shorter. Refuses `path.encoding`.
 */
export async function contributors(
  handle: Handle,
  query: ContributorsQuery,
): Promise<Contributors> {
  const mailmap = await readMailmap(handle);
  const key = `contributors ${JSON.stringify(query)} ${digestOf(mailmap)}`;
  const known = handle.cache.get<Contributors>(key);
  if (known !== undefined) return known;
  const counted = await count(handle, query, new Counted(parseMailmap(mailmap)));
  const result = counted.result(query.limit);
  handle.cache.set(key, result, sizeOf(result));
  return result;
}

async function count(
  handle: Handle,
  { commit, path, since }: ContributorsQuery,
  counted: Counted,
): Promise<Counted> {
  const { cut } = await readFields(
    handle,
    {
      args: [
        word('rev-list'),
        word('--header'),
        word('--encoding=none'),
        // Seconds as they are: `--since` would guess what a number means.
        ...(since === undefined ? [] : [option('--max-age=', since)]),
        object(commit),
        ...paths(path === undefined ? [] : [path]),
      ],
      separator: NUL,
      fieldBytesMax: HEADER_BYTES_MAX,
      bytesMax: LIMITS.countedBytesMax,
    },
    (record) => counted.add(record),
  );
  return cut ? refuse('repository.too_large') : counted;
}

function digestOf(mailmap: string): string {
  return createHash('sha256').update(mailmap).digest('base64');
}

/** About the bytes that an answer takes in memory. */
function sizeOf({ contributors: people }: Contributors): number {
  return people.reduce((sum, { name, email }) => sum + 2 * (name.length + email.length) + 128, 256);
}

class Counted {
  readonly #mailmap: Mailmap;
  readonly #byPerson = new Map<string, Named & { commits: number }>();
  /** The same by what stands in a commit: most are by somebody who made another one. */
  readonly #byAuthor = new Map<string, { commits: number }>();
  #commits = 0;

  constructor(mailmap: Mailmap) {
    this.#mailmap = mailmap;
  }

  add(record: string): void {
    this.#commits += 1;
    const author = authorIn(record);
    const written = `${author.encoding ?? ''}\0${author.line ?? ''}`;
    const counted = this.#byAuthor.get(written) ?? this.#person(author);
    counted.commits += 1;
    if (this.#byAuthor.size < LIMITS.contributorsMax) this.#byAuthor.set(written, counted);
  }

  /** Who it is by the mailmap; somebody new begins with nothing. */
  #person({ line, encoding }: WrittenAuthor): { commits: number } {
    const person = this.#mailmap.map(readPerson(line, decoderFor(encoding)));
    const name = person.name.slice(0, LIMITS.nameCharactersMax / 2);
    const email = person.email.slice(0, LIMITS.nameCharactersMax / 2);
    const key = keyOf({ name, email });
    const known = this.#byPerson.get(key);
    if (known !== undefined) return known;
    if (this.#byPerson.size >= LIMITS.contributorsMax) return refuse('repository.too_large');
    const added = { name, email, commits: 0 };
    this.#byPerson.set(key, added);
    return added;
  }

  result(limit: number): Contributors {
    const all: Contributor[] = [...this.#byPerson.values()];
    all.sort((a, b) => b.commits - a.commits || compareBytes(keyOf(a), keyOf(b)));
    return {
      contributors: all.slice(0, limit),
      total: all.length,
      commits: this.#commits,
    };
  }
}

/** One person as git writes and compares them. */
function keyOf({ name, email }: Named): string {
  return `${name} <${email}>`;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface WrittenAuthor {
  /** Up to the end of the address: the date is another one in each commit. */
  readonly line: string | undefined;
  readonly encoding: string | undefined;
}

/** Finds the author of a commit. A nonsensical one has neither name nor address. */
function authorIn(record: string): WrittenAuthor {
  const end = record.indexOf('\n\n');
  const header = end < 0 ? record : record.slice(0, end);
  const [, author] = /\nauthor ([^\n]*)/.exec(header) ?? [];
  const [, encoding] = /\nencoding ([^\n]+)/.exec(header) ?? [];
  return { line: author?.slice(0, author.lastIndexOf('>') + 1), encoding };
}
