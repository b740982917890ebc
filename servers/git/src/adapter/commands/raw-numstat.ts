import { refuse } from '../../guard/index.ts';
import type { ChangedFile, ChangeKind } from '../results.ts';
import { isQuoted, unquoted, withPrefix } from './c-quote.ts';
import { shownPath } from './shown-path.ts';

/** A line of `--raw`: what changed, with its names as git wrote them. */
export interface RawChange {
  readonly from: string;
  readonly to: string;
  readonly kind: ChangeKind;
  readonly oldMode: string;
  readonly newMode: string;
  /** A conflict that git shows against both of its sides. It stands in no list of numbers. */
  readonly combined: boolean;
}

export interface LineCounts {
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** The names as git writes them there: see {@link numstatName}. */
  readonly name: string;
}

const KINDS: Readonly<Record<string, ChangeKind>> = {
  A: 'added',
  C: 'copied',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'type changed',
  U: 'unmerged',
};

/** What a letter of git says. A dot is no change. */
export function changeKind(letter: string): ChangeKind | undefined {
  return KINDS[letter];
}

/** Reads `:100644 100644 abc… def… R087⇥from⇥to`, or a conflict with two colons. */
export function parseRaw(line: string): RawChange {
  const [facts = '', from, to = from] = line.split('\t');
  if (from === undefined || to === undefined) return refuse('repository.broken');
  const parents = facts.lastIndexOf(':') + 1;
  const words = facts.slice(parents).split(' ');
  const letters = words.at(-1) ?? '';
  const combined = parents > 1;
  return {
    from,
    to,
    kind: combined ? 'unmerged' : (changeKind(letters.slice(0, 1)) ?? 'modified'),
    oldMode: words[0] ?? '',
    newMode: words[parents] ?? '',
    combined,
  };
}

/** Reads `3⇥1⇥name`; a dash is a file without lines. */
export function parseNumstat(line: string): LineCounts {
  const first = line.indexOf('\t');
  const second = line.indexOf('\t', first + 1);
  if (first < 0 || second < 0) return refuse('repository.broken');
  return {
    added: count(line.slice(0, first)),
    removed: count(line.slice(first + 1, second)),
    name: line.slice(second + 1),
  };
}

function count(text: string): number | undefined {
  return text === '-' ? undefined : Number(text);
}

/** The names of a change as `--numstat` writes them on one line: `dir/{old => new}` for a rename. */
export function numstatName({ from, to }: RawChange): string {
  if (from === to) return to;
  if (isQuoted(from) || isQuoted(to)) return `${from} => ${to}`;
  const start = commonStart(from, to);
  const end = commonEnd(from, to, start);
  const middle = (name: string): string => name.slice(start, Math.max(start, name.length - end));
  const change = `${middle(from)} => ${middle(to)}`;
  if (start + end === 0) return change;
  return `${from.slice(0, start)}{${change}}${from.slice(from.length - end)}`;
}

/** Characters of the directories that both names begin with, as git counts them. */
function commonStart(from: string, to: string): number {
  let start = 0;
  for (let at = 0; at < from.length && from[at] === to[at]; at += 1) {
    if (from[at] === '/') start = at + 1;
  }
  return start;
}

/** The same for their ends. The slash that ends the start may begin the end, too. */
function commonEnd(from: string, to: string, start: number): number {
  const shared = start === 0 ? 0 : 1;
  let end = 0;
  for (let back = 1; from.length - back >= start - shared; back += 1) {
    const at = to.length - back;
    if (at < start - shared || from[from.length - back] !== to[at]) break;
    if (to[at] === '/') end = back;
  }
  return end;
}

/** The line that a change's patch begins with. */
export function patchHeader({ from, to, kind, combined }: RawChange): string {
  if (combined) return `diff --cc ${to}`;
  if (kind === 'unmerged') return `* Unmerged path ${unquoted(to)}`;
  return `diff --git ${withPrefix('a/', from)} ${withPrefix('b/', to)}`;
}

/** A change and its numbers as answers have them. */
export function changedFile(change: RawChange, counts: LineCounts | undefined): ChangedFile {
  const { from, to, kind, oldMode, newMode } = change;
  const isUnmerged = kind === 'unmerged';
  const binary = counts !== undefined && counts.added === undefined;
  // git leaves out of the numbers what differs in nothing that was asked for.
  const { added, removed } = counts ?? { added: 0, removed: 0 };
  return {
    path: shownPath(unquoted(to)),
    from: from === to ? undefined : shownPath(unquoted(from)),
    kind,
    oldMode,
    newMode,
    added: isUnmerged ? undefined : added,
    removed: isUnmerged ? undefined : removed,
    binary,
  };
}
