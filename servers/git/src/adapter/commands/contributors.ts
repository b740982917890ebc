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
  const records = createRecords((record) => counted.add(record));
  const { cut } = await handle.git(
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
      bytesMax: LIMITS.countedBytesMax,
    },
    (piece) => records.push(piece),
  );
  records.end();
  return cut ? refuse('repository.too_large') : counted;
}

/**
 * Cuts what git prints into commits, as binary strings. They are parts of the text of a whole piece of
 * output, which each of them holds: none may be kept. So each costs next to nothing, and there are
 * hundreds of thousands.
 */
function createRecords(take: (record: string) => void) {
  let held = '';
  const hold = (text: string, from: number, to: number): void => {
    held += text.slice(from, Math.min(to, from + HEADER_BYTES_MAX - held.length));
  };
  const give = (): void => {
    take(held);
    held = '';
  };
  return {
    push(piece: Buffer): void {
      const text = piece.toString('latin1');
      let from = 0;
      for (let at = text.indexOf('\0'); at >= 0; at = text.indexOf('\0', from)) {
        hold(text, from, at);
        give();
        from = at + 1;
      }
      hold(text, from, text.length);
    },
    end(): void {
      if (held !== '') give();
    },
  };
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

  /** @param record a commit as it is stored, or its beginning, as a binary string. Nothing holds on to it. */
  add(record: string): void {
    this.#commits += 1;
    const author = authorIn(record);
    const written = `${author.encoding ?? ''}\0${author.line ?? ''}`;
    const known = this.#byAuthor.get(written);
    const counter = known ?? this.#person(author);
    counter.commits += 1;
    if (known === undefined && written.length <= this.#roomForAuthors) {
      this.#roomForAuthors -= written.length;
      this.#byAuthor.set(ownCopy(written), counter);
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

/** A part of a text, or what was put together of parts, holds all of the text. */
function ownCopy(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface WrittenAuthor {
  /** Up to the end of the address: the date is another one in each commit. */
  readonly line: string | undefined;
  readonly encoding: string | undefined;
}

/**
 * Finds the author of a commit. A nonsensical one has neither name nor address. This is done for each
 * commit of a history, so it makes nothing but the texts that it returns.
 */
function authorIn(record: string): WrittenAuthor {
  const end = record.indexOf('\n\n');
  const header = end < 0 ? record.length : end;
  const line = headerIn(record, '\nauthor ', header);
  const author = line && record.slice(line.from, record.lastIndexOf('>', line.to - 1) + 1);
  const encoding = headerIn(record, '\nencoding ', header);
  return { line: author, encoding: encoding && record.slice(encoding.from, encoding.to) };
}

/** Where the first header with a name stands, without the name. */
function headerIn(
  record: string,
  name: string,
  header: number,
): { readonly from: number; readonly to: number } | undefined {
  const at = record.indexOf(name);
  if (at < 0 || at >= header) return undefined;
  const from = at + name.length;
  const to = record.indexOf('\n', from);
  return { from, to: to < 0 ? record.length : to };
}
