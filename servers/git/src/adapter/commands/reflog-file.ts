import { Refusal } from '@secure-mcp/validation';

import { type Oid, parseOid, parseRevision, type RefName } from '../../guard/index.ts';
import type { Handle } from '../handle.ts';
import type { ObjectInfo } from '../results.ts';
import { LINE_FEED } from './z-fields.ts';

/** An entry as git tells it; texts are binary strings. */
export interface RawEntry {
  readonly oid: Oid;
  /** `main@{3}` */
  readonly selector: string;
  /** `Name <address>` */
  readonly by: string;
  readonly message: string;
  readonly time?: { readonly seconds: number; readonly zone: string } | undefined;
}

/** Entries whose commits are looked up before git's own reading is the better one. */
const ENTRIES_MAX = 1200;
/** Commits that are looked up at once, at least. */
const LOOKED_UP_MIN = 16;

/**
 * Reads a log as `git log --walk-reflogs` does, from the file itself: the newest entries whose commits are
 * there, numbered by their lines.
 *
 * Only what git writes is read here. Undefined for a line in another form, for a name that git would
 * shorten in another way, and for a ref that leads to no commit: git says what is to be said of these.
 */
export async function readLogFile(
  handle: Handle,
  name: RefName,
  count: number,
): Promise<readonly RawEntry[] | undefined> {
  const log = count > ENTRIES_MAX ? undefined : handle.refFiles.log(name);
  // Without entries git looks into the log of what the ref stands for.
  if (log === undefined || log.length === 0) return undefined;
  const [short, isCommit] = await Promise.all([
    shortNameOf(handle, name),
    leadsToCommit(handle, name),
  ]);
  return short !== undefined && isCommit ? await newest(handle, log, { short, count }) : undefined;
}

async function newest(
  handle: Handle,
  log: Buffer,
  { short, count }: { readonly short: string; readonly count: number },
): Promise<readonly RawEntry[] | undefined> {
  const lines = linesFromEnd(log);
  const entries: RawEntry[] = [];
  for (let number = 0; entries.length < count;) {
    const piece = take(lines, Math.max(LOOKED_UP_MIN, count - entries.length));
    if (piece.length === 0) break;
    const parsed = piece.map((line, at) => parseLine(line, `${short}@{${String(number + at)}}`));
    const read = parsed.filter((entry) => entry !== undefined);
    if (read.length < parsed.length) return undefined;
    // oxlint-disable-next-line no-await-in-loop -- more only where commits are gone
    const there = await Promise.all(read.map(({ oid }) => isThere(handle, oid)));
    entries.push(...read.filter((_, at) => there[at]));
    number += piece.length;
  }
  return entries.slice(0, count);
}

/** The lines that have an end, the last one first, as binary strings of their own: parts would hold all of the log. */
function* linesFromEnd(log: Buffer): Generator<string, undefined> {
  let end = log.lastIndexOf(LINE_FEED);
  while (end >= 0) {
    const before = end === 0 ? -1 : log.lastIndexOf(LINE_FEED, end - 1);
    yield log.toString('latin1', before + 1, end);
    end = before;
  }
}

function take(lines: Generator<string, undefined>, count: number): readonly string[] {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = lines.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** `old new Name <address> seconds zone`, and a tab before the message if there is one. */
const LINE =
  /^([0-9a-f]+) ([0-9a-f]+) ([^<>\0]*[^<>\0 \t\r] <[^<>\0]*>) ([1-9][0-9]{0,11}) (?!-0000)([+-][0-9]{4})(?:\t([^\0]*))?$/;

function parseLine(line: string, selector: string): RawEntry | undefined {
  const [, old = '', id = '', by = '', seconds, zone = '', message = ''] = LINE.exec(line) ?? [];
  const oid = parseOid(id);
  if (oid === undefined || old.length !== oid.length || seconds === undefined) return undefined;
  return { oid, selector, by, message, time: { seconds: Number(seconds), zone } };
}

/** git passes over an entry of a commit that is gone, and over one of what is none. */
async function isThere({ objects }: Handle, oid: Oid): Promise<boolean> {
  const info = await objects.info(oid);
  return info?.kind === 'commit';
}

const BRANCHES = 'refs/heads/';

/**
 * How git calls a ref in a selector. Of a branch that is the part behind `refs/heads/`, unless git would
 * find something else by it: it looks for a file, in `refs`, and among the tags before.
 */
async function shortNameOf(handle: Handle, name: RefName): Promise<string | undefined> {
  if (name === 'HEAD') return name;
  const isBranch = name.startsWith(BRANCHES);
  if (!isBranch && name !== 'refs/stash') return undefined;
  const short = isBranch ? name.slice(BRANCHES.length) : 'stash';
  if (handle.refFiles.isShadowed(short)) return undefined;
  const others = isBranch ? [`refs/${short}`, `refs/tags/${short}`] : [];
  const found = await Promise.all(others.map((other) => lookUp(handle, other)));
  return found.every((other) => other === 'unknown')
    ? Buffer.from(short).toString('latin1')
    : undefined;
}

async function leadsToCommit(handle: Handle, name: RefName): Promise<boolean> {
  const found = await lookUp(handle, name);
  return found !== 'unknown' && found !== 'unclear' && found.kind === 'commit';
}

async function lookUp(
  { objects }: Handle,
  name: string,
): Promise<ObjectInfo | 'unknown' | 'unclear'> {
  try {
    return await objects.resolve(parseRevision(name));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code === 'revision.unknown' ? 'unknown' : 'unclear';
  }
}
