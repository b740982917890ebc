import { object, option, paths, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { ContributorsQuery } from '../repository.ts';
import type { Contributor, Contributors } from '../results.ts';
import { decoderFor } from '../objects/decode.ts';
import { readPerson } from '../objects/person.ts';
import type { Mailmap, Named } from './mailmap.ts';
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
  const { commit, path, since, limit } = query;
  const counted = new Counted(await readMailmap(handle));
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
  if (cut) return refuse('repository.too_large');
  return counted.result(limit);
}

class Counted {
  readonly #mailmap: Mailmap;
  readonly #byPerson = new Map<string, Named & { commits: number }>();
  #commits = 0;

  constructor(mailmap: Mailmap) {
    this.#mailmap = mailmap;
  }

  add(record: string): void {
    const person = this.#mailmap.map(authorOf(record));
    const name = person.name.slice(0, LIMITS.nameCharactersMax / 2);
    const email = person.email.slice(0, LIMITS.nameCharactersMax / 2);
    const key = keyOf({ name, email });
    const known = this.#byPerson.get(key);
    this.#commits += 1;
    if (known !== undefined) known.commits += 1;
    else if (this.#byPerson.size < LIMITS.contributorsMax) {
      this.#byPerson.set(key, { name, email, commits: 1 });
    } else refuse('repository.too_large');
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

/** Reads the author of a commit. A nonsensical one has neither name nor address. */
function authorOf(record: string): Named {
  const end = record.indexOf('\n\n');
  const header = end < 0 ? record : record.slice(0, end);
  const [, author] = /\nauthor ([^\n]*)/.exec(header) ?? [];
  const [, label] = /\nencoding ([^\n]+)/.exec(header) ?? [];
  return readPerson(author, decoderFor(label));
}
