import { createKeyFollower, maskOf, maskSecrets, mayHoldSecrets } from '@secure-mcp/validation';

import type { GrepMatch, Repository } from '../adapter/index.ts';
import { type Oid, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { mayBeKey } from './key-lines.ts';

/**
 * Covers the secrets of lines, where lines are numbered.
 *
 * The output policy of every server puts one mark in place of a whole private key, and each line after
 * it would stand under another number than in the file. And a window that begins within a key shows
 * only base64, which no pattern can tell from other base64. So lines are screened one by one here, and
 * what stands before them is looked at.
 */

type Screening = Pick<Context, 'secrets' | 'hide'>;

/** Lines of a file, from a place on. */
export interface Lines {
  readonly blob: Oid;
  readonly startLine: number;
  readonly lines: readonly string[];
}

/** Lines that are looked at before a window. No private key has more. */
const KEY_LINES_MAX = 400;

/** The lines without their secrets. Line stays line; what was covered is counted for the policy. */
export async function screenLines(
  repository: Repository,
  { blob, startLine, lines }: Lines,
  { secrets, hide }: Screening,
): Promise<readonly string[]> {
  if (secrets === 'allow') return lines;
  const isKey = await followKey(repository, blob, startLine);
  if (!isKey('') && !mayHoldSecrets(lines.join('\n'))) return lines;
  let hidden = 0;
  const screened = lines.map((line) => {
    const { text, rules } = isKey(line) ? covered(line) : maskSecrets(line);
    hidden += rules.length;
    return text;
  });
  hide(hidden);
  return screened;
}

function covered(line: string): { readonly text: string; readonly rules: readonly string[] } {
  return line === '' ? { text: '', rules: [] } : { text: maskOf(line, KEY), rules: [KEY] };
}

const KEY = 'private-key';

/** Follows keys from some way before a line, and says of each line from there on whether it belongs to one. */
async function followKey(
  repository: Repository,
  blob: Oid,
  startLine: number,
): Promise<(line: string) => boolean> {
  const key = createKeyFollower();
  const isKey = (line: string): boolean => {
    key.feed(line);
    return key.endLine();
  };
  let next = Math.max(1, startLine - KEY_LINES_MAX);
  while (next < startLine) {
    const lines = startLine - next;
    // The next place is known when this one was read.
    // oxlint-disable-next-line no-await-in-loop
    const before = await repository.blob(blob, {
      startLine: next,
      lines,
      bytes: LIMITS.textBytesMax,
    });
    if (before.kind !== 'text') break;
    for (const line of before.text.split('\n')) isKey(line);
    if (before.nextLine === undefined || before.nextLine <= next) break;
    next = before.nextLine;
  }
  return isKey;
}

/** Lines that were found, without their secrets. A line of base64 is looked up in its file: it can be a key's. */
export async function screenMatches(
  repository: Repository,
  tree: Oid,
  matches: readonly GrepMatch[],
  { secrets, hide }: Screening,
): Promise<readonly GrepMatch[]> {
  if (secrets === 'allow') return matches;
  const screened: GrepMatch[] = [];
  const budget = { bytes: LOOKED_UP_BYTES_MAX };
  let hidden = 0;
  for (const match of matches) {
    // One after the other: hundreds of reads at once would make every other call wait.
    // oxlint-disable-next-line no-await-in-loop
    const isKey = await isInKey(repository, { tree, match, budget });
    const { text, rules } = isKey ? covered(match.text) : maskSecrets(match.text);
    hidden += rules.length;
    screened.push({ ...match, text });
  }
  hide(hidden);
  return screened;
}

/**
 * Bytes of files that one answer reads for this. A file of base64 is read for each of its lines that was
 * found; what comes behind the limit is covered, as what could be a key's.
 */
const LOOKED_UP_BYTES_MAX = 33_554_432;

interface LookUp {
  readonly tree: Oid;
  readonly match: GrepMatch;
  readonly budget: { bytes: number };
}

async function isInKey(
  repository: Repository,
  { tree, match: { path, line, text }, budget }: LookUp,
): Promise<boolean> {
  if (!mayBeKey(text) && !text.includes('PRIVATE KEY')) return false;
  const asked = treePath.safeParse(path);
  // git finds lines in files whose names no caller may write (`git~1`).
  if (!asked.success) return true;
  const { oid, size = 0 } = await repository.entryAt(tree, asked.data);
  budget.bytes -= size;
  if (budget.bytes < 0) return true;
  const isKey = await followKey(repository, oid, line);
  return isKey(text);
}
