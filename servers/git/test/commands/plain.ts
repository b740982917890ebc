import { textFromByteString } from '@secure-mcp/validation';

import type { ChangedFile, ChangeKind, StatusEntry } from '../../src/adapter/index.ts';
import type { TestRepository } from './repository.ts';

/** What plain git says, read in the form that has no quoting: what our answers are compared with. */

const KINDS: Readonly<Record<string, ChangeKind>> = {
  A: 'added',
  C: 'copied',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'type changed',
  U: 'unmerged',
};

export function plainChanges(repository: TestRepository, ...args: string[]): ChangedFile[] {
  const [verb = '', ...rest] = args;
  const numbers = plainNumbers(repository.git(verb, '--numstat', '-z', ...rest));
  const fields = repository.git(verb, '--raw', '-z', ...rest).split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at < fields.length - 1;) {
    const [oldMode = '', newMode = '', , , letter = ''] = (fields[at] ?? '').slice(1).split(' ');
    const moved = /^[RC]/.test(letter);
    const from = fields[at + 1] ?? '';
    const path = moved ? (fields[at + 2] ?? '') : from;
    at += moved ? 3 : 2;
    const [added, removed] = numbers.get(path) ?? ['0', '0'];
    files.push({
      path: textFromByteString(path),
      from: moved ? textFromByteString(from) : undefined,
      kind: KINDS[letter.slice(0, 1)] ?? 'modified',
      oldMode,
      newMode,
      added: lines(added),
      removed: lines(removed),
      binary: added === '-',
    });
  }
  return files;
}

function lines(text: string): number | undefined {
  return text === '-' ? undefined : Number(text);
}

function plainNumbers(out: string): Map<string, readonly [added: string, removed: string]> {
  const numbers = new Map<string, readonly [string, string]>();
  const fields = out.split('\0');
  for (let at = 0; at < fields.length - 1;) {
    const [added = '', removed = '', name = ''] = (fields[at] ?? '').split('\t');
    // A rename has its two names in fields of their own.
    const path =
      name === '' ? (fields[at + 2] ?? '') : (fields[at] ?? '').split('\t').slice(2).join('\t');
    at += name === '' ? 3 : 1;
    numbers.set(path, [added, removed]);
  }
  return numbers;
}

/** `git status --porcelain=v1 -z`, which is another format than the one that we read. */
export function plainStatus(repository: TestRepository, ...args: string[]): StatusEntry[] {
  const fields = repository
    .git('status', '--porcelain=v1', '-z', '--ignore-submodules=dirty', ...args)
    .split('\0');
  const entries: StatusEntry[] = [];
  for (let at = 0; at < fields.length - 1; at += 1) {
    const field = fields[at] ?? '';
    const letters = field.slice(0, 2);
    const moved = /[RC]/.test(letters);
    if (moved) at += 1;
    const from = moved ? textFromByteString(fields[at] ?? '') : undefined;
    entries.push({ path: textFromByteString(field.slice(3)), from, ...plainLetters(letters) });
  }
  return entries;
}

function plainLetters(letters: string): Omit<StatusEntry, 'path' | 'from'> {
  const conflict = /U|AA|DD/.test(letters) ? letters : undefined;
  const untracked = letters === '??';
  const [x = '', y = ''] = conflict === undefined && !untracked ? letters : '';
  return { staged: KINDS[x], unstaged: KINDS[y], conflict, untracked };
}
