/**
 * Names and addresses that belong to one person, as a repository's `.mailmap` says: `git shortlog` counts
 * by it. It is read here because git's own way decodes every commit with the C library, by an encoding
 * that the commit names.
 */
export interface Mailmap {
  map(person: Named): Named;
}

interface Named {
  readonly name: string;
  readonly email: string;
}

interface Change {
  name?: string;
  email?: string;
}

interface Entry extends Change {
  /** Changes that only hold for one name at this address. Few have any, and an empty map is not small. */
  byName?: Map<string, Change>;
}

/** Reads the lines of a mailmap. What git would pass over is passed over. */
export function parseMailmap(text: string): Mailmap {
  const entries = new Map<string, Entry>();
  for (const line of text.split('\n')) if (!line.startsWith('#')) addLine(entries, line);
  return {
    map(person) {
      const entry = entries.get(lower(person.email));
      const change = entry?.byName?.get(lower(person.name)) ?? entry;
      return { name: change?.name ?? person.name, email: change?.email ?? person.email };
    },
  };
}

/** `Proper Name <proper@address> Other Name <other@address>`, of which much can be missing. */
function addLine(entries: Map<string, Entry>, line: string): void {
  const first = contact(line, false);
  if (first === undefined) return;
  const second = first.rest === '' ? undefined : contact(first.rest, true);
  const old = second ?? { name: undefined, email: first.email };
  const change = { name: first.name, email: second === undefined ? undefined : first.email };
  const entry: Entry = entries.get(lower(old.email)) ?? {};
  entries.set(lower(old.email), entry);
  if (old.name === undefined) return assign(entry, change);
  const named = {};
  assign(named, change);
  entry.byName ??= new Map();
  entry.byName.set(lower(old.name), named);
}

function assign(
  entry: Change,
  { name, email }: { name: string | undefined; email: string | undefined },
): void {
  if (name !== undefined) entry.name = name;
  if (email !== undefined) entry.email = email;
}

interface Contact {
  readonly name: string | undefined;
  readonly email: string;
  readonly rest: string;
}

function contact(text: string, mayBeEmpty: boolean): Contact | undefined {
  const start = text.indexOf('<');
  const end = text.indexOf('>', start + 1);
  if (start < 0 || end < 0 || (!mayBeEmpty && end === start + 1)) return undefined;
  const name = text.slice(0, start).trim();
  return {
    name: name === '' ? undefined : name,
    email: text.slice(start + 1, end),
    rest: text.slice(end + 1),
  };
}

/** git compares without regard to the case of ASCII's letters. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
