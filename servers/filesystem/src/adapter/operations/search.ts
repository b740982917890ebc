import { closeSync } from 'node:fs';

import { compileLinear, type LinearPattern } from '@secure-mcp/validation/patterns';

import { type Name, refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { SearchJob } from '../job.ts';
import { type ScreenedText, screenText } from '../read/screen.ts';
import { readSearchable, type Searchable } from '../read/search-text.ts';
import { TextLines } from '../read/text-lines.ts';
import type { FileCount, Hit, NextPage, SearchResult, Skipped } from '../results.ts';
import type { Found } from '../walk/directory.ts';
import { type Budget, type TreeEntry, walkTree } from '../walk/tree.ts';
import { type Destination, mayBeRead, type WalkRules } from '../walk/walk.ts';
import { compileChosen } from './find.ts';
import { Page } from './page.ts';
import { hidingFor, newBudget, nothingSkipped, type Work } from './work.ts';

/** Files between two looks at the clock. */
const STRIDE = 32;

/** Searches the text of a file, or of all files of a tree, line by line. */
export function search(job: SearchJob, work: Work): SearchResult {
  const gathered: Gathered = {
    job,
    pattern: compile(job),
    pause: () => work.pause(),
    hits: new Page(job.limit),
    files: new Page(job.limit),
    skipped: nothingSkipped(),
    scannedFiles: 0,
    scannedBytes: 0,
    hidden: 0,
    next: undefined,
  };
  const destination = work.open(job);
  try {
    const complete =
      destination.kind === 'file'
        ? searchFile(destination.file, [], gathered)
        : searchTree(destination, gathered, work);
    const { hits, files, skipped, scannedFiles, scannedBytes, hidden, next } = gathered;
    return {
      kind: 'search',
      hits: hits.items,
      files: files.items,
      scannedFiles,
      scannedBytes,
      hidden,
      next,
      complete,
      skipped,
    };
  } finally {
    destination.close();
  }
}

/** A search on its way. */
interface Gathered {
  readonly job: SearchJob;
  readonly pattern: LinearPattern;
  /** Stops the search when the call is over. */
  readonly pause: () => void;
  readonly hits: Page<Hit>;
  readonly files: Page<FileCount>;
  readonly skipped: Skipped;
  scannedFiles: number;
  scannedBytes: number;
  hidden: number;
  /** Where the next page begins, once this one is full. */
  next: NextPage | undefined;
}

function compile({ pattern, literal, ignoreCase }: SearchJob): LinearPattern {
  const compiled = compileLinear(pattern, { literal, ignoreCase });
  if (compiled.ok) return compiled.pattern;
  return refuse('pattern.invalid', { hint: `RE2 syntax: ${compiled.problem}.` });
}

type Tree = Extract<Destination, { kind: 'directory' }>;

/** Returns false when the walk ended before the tree did. */
function searchTree({ directory: base, rules }: Tree, gathered: Gathered, work: Work): boolean {
  const { job, skipped } = gathered;
  const budget = newBudget(work);
  const chosen = job.glob === undefined ? undefined : compileChosen(job.glob);
  const walk = walkTree(base, {
    rules,
    depth: Infinity,
    ...hidingFor(work, job, base),
    after: job.cursor.after,
    // The last page may have ended in the middle of a file.
    inclusive: true,
    budget,
    skipped,
  });
  let last: readonly Name[] | undefined;
  for (const entry of searchable(walk, skipped)) {
    if (chosen?.(entry.steps) === false) continue;
    if (!searchEntry(entry, rules, gathered)) return false;
    last = entry.steps;
    if (isOver(gathered, budget, work)) break;
  }
  // All of the last file has been searched, so the next page begins behind its last line.
  if (budget.over && last !== undefined) gathered.next = { after: [...last], line: LINE_MAX };
  return !budget.over;
}

/** Lines between two looks at the clock, within one file. */
const LINE_STRIDE = 256;
const LINE_MAX = Number.MAX_SAFE_INTEGER;

/** The files of a walk that may be opened at all. */
function* searchable(walk: Iterable<TreeEntry>, skipped: Skipped): Generator<TreeEntry> {
  for (const entry of walk) {
    if (entry.type === 'other') skipped.special += 1;
    if (entry.type === 'file' && !entry.denied && !entry.ignored) yield entry;
  }
}

/** Looks at the clock now and then. */
function isOver({ scannedFiles }: Gathered, budget: Budget, work: Work): boolean {
  if (scannedFiles % STRIDE !== 0) return false;
  work.progress(scannedFiles);
  budget.over ||= budget.late();
  return budget.over;
}

/** Returns false when the page is full. */
function searchEntry(
  { directory, name, steps }: TreeEntry,
  { hardLinks }: WalkRules,
  gathered: Gathered,
): boolean {
  const { skipped } = gathered;
  const found = directory.openFile(name);
  if (found.kind === 'directory') found.directory.close();
  if (found.kind !== 'file') {
    skipped.unreadable += 1;
    return true;
  }
  try {
    if (mayBeRead(found.stats, hardLinks)) return searchFile(found, steps, gathered);
    skipped.denied += 1;
    return true;
  } catch (error) {
    // A disk that cannot give one file must not take the others with it.
    if (!isInputOutputError(error)) throw error;
    skipped.unreadable += 1;
    return true;
  } finally {
    closeSync(found.descriptor);
  }
}

function isInputOutputError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'read';
}

function searchFile(
  { descriptor, stats }: Extract<Found, { kind: 'file' }>,
  steps: readonly Name[],
  gathered: Gathered,
): boolean {
  const { job, skipped } = gathered;
  if (stats.size > LIMITS.searchFileBytesMax) {
    skipped.large += 1;
    return true;
  }
  const content = screenedFor(job, readSearchable(descriptor, stats.size, job));
  gathered.scannedFiles += 1;
  gathered.scannedBytes += stats.size;
  if (content.kind !== 'text') {
    skipped[content.kind] += 1;
    return true;
  }
  if (!content.utf8) skipped.notUtf8 += 1;
  // Most files of a tree do not hold a literal, and then no line has to be looked at.
  if (job.literal && !job.ignoreCase && !content.text.includes(job.pattern)) return true;
  const lines = new TextLines(content);
  const gather = job.mode === 'matches' ? gatherHits : gatherFile;
  return gather(lines, steps, gathered);
}

type ScreenedContent =
  | (ScreenedText & { readonly kind: 'text'; readonly utf8: boolean })
  | { readonly kind: 'binary' | 'denied' };

/** What of a file a search may know. Asked of every file, whatever is searched for. */
function screenedFor(job: SearchJob, content: Searchable): ScreenedContent {
  if (content.kind !== 'text' || !job.hideSecrets) return content;
  const screened = screenText(content.text);
  return screened === undefined ? { kind: 'denied' } : { ...content, ...screened };
}

/** The lines of one text that match, up to what one file may give. */
function* matchingLines(
  lines: TextLines,
  steps: readonly Name[],
  { job, pattern, pause, skipped }: Gathered,
): Generator<string> {
  const from = resumeLine(job, steps);
  let left = ceilingOf(job);
  for (const line of lines.all()) {
    if (lines.number % LINE_STRIDE === 0) pause();
    // Hits of earlier pages count where there is a ceiling; elsewhere nothing has to be tested again.
    const isEarlier = lines.number <= from;
    if ((isEarlier && left === Infinity) || !pattern.test(line)) continue;
    if (left === 0) {
      skipped.capped += 1;
      return;
    }
    left -= 1;
    if (!isEarlier) yield line;
    if (job.mode === 'files') return;
  }
}

/** Returns false when the page is full. */
function gatherHits(lines: TextLines, steps: readonly Name[], gathered: Gathered): boolean {
  for (const line of matchingLines(lines, steps, gathered)) {
    if (!addHit(line, lines, steps, gathered)) return fullAt(steps, lines.number - 1, gathered);
  }
  return true;
}

/** Returns false when the page is full. */
function gatherFile(lines: TextLines, steps: readonly Name[], gathered: Gathered): boolean {
  const matches = [...matchingLines(lines, steps, gathered)].length;
  if (matches === 0) return true;
  if (!gathered.files.hasRoomFor(steps)) return fullAt(steps, 0, gathered);
  gathered.files.add({ steps, matches });
  return true;
}

function fullAt(steps: readonly Name[], line: number, gathered: Gathered): false {
  gathered.next = { after: [...steps], line };
  return false;
}

/** A page that ended within a file goes on behind its last line; a search of one file has no steps. */
function resumeLine({ cursor }: SearchJob, steps: readonly Name[]): number {
  const { after = [], line = 0 } = cursor;
  const isHere =
    after.length === steps.length && after.every((step, index) => step === steps[index]);
  return isHere ? line : 0;
}

/** Hits of one file at most. One is enough to name a file, and a count is no count if it stops. */
function ceilingOf({ mode, perFile }: SearchJob): number {
  if (mode === 'files') return 1;
  return mode === 'count' ? Infinity : perFile;
}

/** Returns false when the page has no room for it. */
function addHit(
  line: string,
  lines: TextLines,
  steps: readonly Name[],
  gathered: Gathered,
): boolean {
  const { job, pattern, hits } = gathered;
  const at = Math.max(0, pattern.indexIn(line));
  const text = clip(line, at);
  const before = lines.before(job.context).map((other) => clip(other, 0));
  const after = lines.after(job.context).map((other) => clip(other, 0));
  if (!hits.hasRoomFor(steps, [text, ...before, ...after])) return false;
  gathered.hidden += lines.hiddenAround(job.context);
  hits.add({ steps, line: lines.number, column: at + 1, text, before, after });
  return true;
}

/** The part of a long line around a place. */
function clip(line: string, around: number): string {
  const { lineCharactersMax } = LIMITS;
  if (line.length <= lineCharactersMax) return line;
  const latest = line.length - lineCharactersMax;
  const from = Math.max(0, Math.min(around - lineCharactersMax / 4, latest));
  return line.slice(from, from + lineCharactersMax).toWellFormed();
}
