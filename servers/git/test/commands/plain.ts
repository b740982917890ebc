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
    const facts = fields[at] ?? '';
    const moved = / [RC]\d+$/.test(facts);
    const names = fields.slice(at + 1, at + (moved ? 3 : 2));
    at += names.length + 1;
    files.push({ ...plainNames(names), ...plainFacts(facts), ...numbers(names.at(-1) ?? '') });
  }
  return files;
}

function plainNames(names: readonly string[]): Pick<ChangedFile, 'path' | 'from'> {
  const [from, path] = names.map(textFromByteString);
  return path === undefined ? { path: from ?? '', from: undefined } : { path, from };
}

function plainFacts(facts: string): Pick<ChangedFile, 'kind' | 'oldMode' | 'newMode'> {
  const [oldMode = '', newMode = '', , , letter = ''] = facts.slice(1).split(' ');
  return { kind: KINDS[letter.slice(0, 1)] ?? 'modified', oldMode, newMode };
}

type Numbers = Pick<ChangedFile, 'added' | 'removed' | 'binary'>;

function lines(text: string): number | undefined {
  return text === '-' ? undefined : Number(text);
}

function plainNumbers(out: string): (path: string) => Numbers {
  const numbers = new Map<string, Numbers>();
  const fields = out.split('\0');
  for (let at = 0; at < fields.length - 1; at += 1) {
    const [added = '', removed = '', ...name] = (fields[at] ?? '').split('\t');
    // A rename has its two names in fields of their own.
    const moved = name.join('\t') === '';
    if (moved) at += 2;
    numbers.set(moved ? (fields[at] ?? '') : name.join('\t'), {
      added: lines(added),
      removed: lines(removed),
      binary: added === '-',
    });
  }
  return (path) => numbers.get(path) ?? { added: 0, removed: 0, binary: false };
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
