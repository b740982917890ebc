import { createHash } from 'node:crypto';

import { beginningOf } from '@secure-mcp/validation';

import { object, option, paths, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ContributorsQuery } from '../repository.ts';
import type { Contributor, Contributors } from '../results.ts';
import { decoderFor } from '../objects/decode.ts';
import { readPerson } from '../objects/person.ts';
import { type Mailmap, parseMailmap } from './mailmap.ts';
import { readMailmap } from './mailmap-file.ts';
import { NUL, readFields } from './z-fields.ts';

/** Bytes of a commit in which its author and its encoding stand, unless it has hundreds of parents. */
const HEADER_BYTES_MAX = 16_384;

/**
 * Who made how many commits, most first, as `git shortlog -sne`. Commits are read as they are stored, so
 * that no library of git's decodes them. Refuses `repository.too_large` for histories that print more than
 * LIMITS.countedBytesMax, or have more than LIMITS.contributorsMax authors, or so many with long names
 * that those have more than LIMITS.contributorsCharactersMax: a path or a time makes them shorter. Refuses
 * `path.encoding`.
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

interface Counter {
  commits: number;
}

interface Person extends Counter {
  /** As git writes and compares them: `name <email>`. */
  readonly key: string;
  readonly nameLength: number;
}

/** Counts commits by their authors. Refuses `repository.too_large`. */
export class Counted {
  readonly #mailmap: Mailmap;
  readonly #byPerson = new Map<string, Person>();
  /** The same by what stands in a commit: most are by somebody who made another one. */
  readonly #byAuthor = new Map<string, Counter>();
  #commits = 0;
  /** Characters that are left for persons, and for authors as they are written. */
  #roomForPersons: number = LIMITS.contributorsCharactersMax;
  #roomForAuthors: number = LIMITS.contributorsCharactersMax;

  constructor(mailmap: Mailmap) {
    this.#mailmap = mailmap;
  }

  /** @param record a commit as it is stored, or its beginning, as a binary string */
  add(record: string): void {
    this.#commits += 1;
    const author = authorIn(record);
    const written = `${author.encoding ?? ''}\0${author.line ?? ''}`;
    const known = this.#byAuthor.get(written);
    const counter = known ?? this.#person(author);
    counter.commits += 1;
    if (known === undefined && written.length <= this.#roomForAuthors) {
      this.#roomForAuthors -= written.length;
      this.#byAuthor.set(written, counter);
    }
  }

  /** Who it is by the mailmap; somebody new begins with nothing. */
  #person({ line, encoding }: WrittenAuthor): Counter {
    const person = this.#mailmap.map(readPerson(line, decoderFor(encoding)));
    // Of a name of kilobytes only this is kept: a slice would keep all of it.
    const name = beginningOf(person.name, LIMITS.nameCharactersMax / 2);
    const email = beginningOf(person.email, LIMITS.nameCharactersMax / 2);
    const key = `${name} <${email}>`;
    const known = this.#byPerson.get(key);
    if (known !== undefined) return known;
    this.#roomForPersons -= key.length;
    const isFull = this.#byPerson.size >= LIMITS.contributorsMax || this.#roomForPersons < 0;
    if (isFull) return refuse('repository.too_large');
    const added = { key, nameLength: name.length, commits: 0 };
    this.#byPerson.set(key, added);
    return added;
  }

  result(limit: number): Contributors {
    const all = [...this.#byPerson.values()];
    all.sort((a, b) => b.commits - a.commits || compareBytes(a.key, b.key));
    return {
      contributors: all.slice(0, limit).map(contributorOf),
      total: all.length,
      commits: this.#commits,
    };
  }
}

function contributorOf({ key, nameLength, commits }: Person): Contributor {
  return {
    name: key.slice(0, nameLength),
    email: key.slice(nameLength + ' <'.length, -'>'.length),
    commits,
  };
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
