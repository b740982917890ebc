import { createHash } from 'node:crypto';

import { refuse } from '../../guard/index.ts';
import { isGenerated, LIMITS } from '../../policy.ts';
import type { ChangedFile } from '../results.ts';
import { unquoted } from './c-quote.ts';
import { NamedQueue } from './named-queue.ts';
import { beginsPatch, PatchPage } from './patch.ts';
import {
  changedFile,
  type LineCounts,
  numstatName,
  parseNumstat,
  parseRaw,
  patchHeader,
  type RawChange,
} from './raw-numstat.ts';
import type { Ways } from './ways.ts';

/** Which files are given out, and how much of their patches. */
export interface ChangesPage {
  readonly skip: number;
  readonly limit: number;
  /** Bytes; undefined when no patch was asked for. */
  readonly patchBytes: number | undefined;
  /** Paths, as bytes, whose patch is shown even if a program wrote the file. */
  readonly named: ReadonlySet<string>;
  /** The work tree, when it is one of the sides. */
  readonly ways: Ways | undefined;
}

/**
 * Reads `--raw --numstat -p` of one command: all files, then all numbers, then all patches, as lines.
 *
 * Without `-z`, because with it the names within patches are bare, and one with a line feed in it forges
 * the header of another file. Only one line has a bare name, that of a conflict without a patch.
 */
export class ChangesReading {
  readonly page: ChangesPage;
  readonly changes: RawChange[] = [];
  readonly counts = new Map<RawChange, LineCounts>();
  files = 0;
  added = 0;
  removed = 0;
  patches: PatchPage | undefined;
  /** A conflict's name holds a line feed: what follows its line cannot be told from a patch. */
  hasForger = false;
  /** git would open something that is none of the repository's for the patch of a conflict. */
  hasClosedConflict = false;
  /** Names, as `--numstat` writes them, of what git reads elsewhere: nothing of its content is told. */
  readonly #closed = new Set<string>();
  readonly #digest = createHash('sha256');
  readonly #byName = new NamedQueue<RawChange>();
  /** The name of the conflict that was read last. */
  #conflict: string | undefined;
  #section: 'raw' | 'numbers' | 'patches' = 'raw';

  constructor(page: ChangesPage) {
    this.page = page;
  }

  /** Takes a line; false when nothing more is wanted. */
  line(line: string, cut: boolean): boolean {
    if (this.#section === 'patches') return this.patches?.line(line, cut) ?? false;
    if (line === '' || beginsPatch(line)) return this.#toPatches(line, cut);
    // Names of 64 kilobytes and more.
    if (cut || line.length > LIMITS.fieldBytesMax) return refuse('repository.too_large');
    if (line.startsWith(':')) this.#raw(line);
    else this.#numbers(line);
    return true;
  }

  /** All changes of the page with their numbers. */
  list(): readonly ChangedFile[] {
    return this.changes.map((change) => {
      const file = changedFile(change, this.counts.get(change));
      return this.isClosed(change) ? { ...file, added: undefined, removed: undefined } : file;
    });
  }

  /** True for what is listed only. */
  isClosed(change: RawChange): boolean {
    return change.combined ? this.hasClosedConflict : this.#closed.has(numstatName(change));
  }

  /** Of all files, in their order. */
  digest(): string {
    return this.#digest.digest('base64');
  }

  #raw(line: string): void {
    this.#digest.update(`${line}\n`);
    const change = parseRaw(line);
    if (this.page.ways !== undefined) this.#judge(change, this.page.ways);
    // A file that only one side has: git names the conflict, and then again what changed since.
    const isTold = change.to === this.#conflict;
    this.#conflict = change.kind === 'unmerged' ? change.to : undefined;
    if (isTold) return;
    const isOnPage = this.files >= this.page.skip && this.changes.length < this.page.limit;
    this.files += 1;
    if (change.kind === 'unmerged' && unquoted(change.to).includes('\n')) this.hasForger = true;
    if (!isOnPage) return;
    this.changes.push(change);
    // A conflict in both forms has no numbers.
    if (!change.combined) this.#byName.add(numstatName(change), change);
  }

  /** A side in the work tree can lie where a link leads, or be the commit of whatever repository is there. */
  #judge(change: RawChange, ways: Ways): void {
    const [from, to] = [unquoted(change.from), unquoted(change.to)];
    const leadsOut = change.newMode === GITLINK || ways.leadsOut(from) || ways.leadsOut(to);
    if (change.combined) {
      this.hasClosedConflict ||= leadsOut || ways.isSpecial(to);
    } else if (leadsOut) {
      this.#closed.add(numstatName(change));
      // Its patch can begin as that of another file: two names stand there with nothing between them.
      if (from !== to || to.includes(' b/')) this.hasForger = true;
    }
  }

  #numbers(line: string): void {
    this.#section = 'numbers';
    const counts = parseNumstat(line);
    if (this.#closed.has(counts.name)) return;
    this.added += counts.added ?? 0;
    this.removed += counts.removed ?? 0;
    const change = this.#byName.take(counts.name);
    if (change !== undefined) this.counts.set(change, counts);
  }

  #toPatches(line: string, cut: boolean): boolean {
    this.#section = 'patches';
    const { patchBytes } = this.page;
    if (patchBytes === undefined || this.hasForger) return false;
    this.patches = new PatchPage(this.wanted(), patchBytes);
    return line === '' ? !this.patches.isOver() : this.patches.line(line, cut);
  }

  /** Files of the page whose patch is shown, by the line that begins it. */
  wanted(combined = false): NamedQueue<number> {
    const wanted = new NamedQueue<number>();
    for (const [file, change] of this.changes.entries()) {
      if (change.combined === combined && this.mayShow(change)) {
        wanted.add(patchHeader(change), file);
      }
    }
    return wanted;
  }

  /** False for what is closed, and for what a program wrote, unless it was named. */
  mayShow(change: RawChange): boolean {
    const path = unquoted(change.to);
    return !this.isClosed(change) && (!isGenerated(path) || this.page.named.has(path));
  }
}

/** The mode of a submodule. */
const GITLINK = '160000';
