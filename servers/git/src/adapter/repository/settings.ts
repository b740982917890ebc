import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { word } from '../../guard/argument.ts';
import { type ConfigEntry, judgeConfigEntry } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import type { HostBytes } from './plain-tree.ts';
import { findingOf, type Report } from './report.ts';

/** One setting, as git itself read it; bytes, one character each. Values never leave the adapter. */
export interface Setting {
  /** `section.subsection.name`: the first and the last part in lower case. */
  readonly key: string;
  /** Undefined for a name without `=`, which means true. */
  readonly value: string | undefined;
}

export interface Settings {
  /** What git is shown. */
  readonly kept: readonly ConfigEntry[];
  readonly all: readonly Setting[];
}

/**
 * Bytes of all settings as git lists them. A list repeats the section with every name, so that a file
 * of a megabyte can print a hundred gigabytes.
 */
const LIST_BYTES_MAX = 4_194_304;

/** With these git says that a file of settings is malformed. */
const MALFORMED = [0, 1, 3, 128] as const;

/**
 * Reads a file of settings: git parses our copy of its bytes, alone, without what it includes, and the
 * guard says of each entry whether it may stay.
 *
 * @param name for the copy: no other reading at this time has it.
 */
export async function readSettings(
  bytes: Buffer,
  { where, name }: { readonly where: HostBytes; readonly name: string },
  { blank, report, git }: { blank: Profile; report: Report; git: RunGit },
): Promise<Settings> {
  const copy = join(blank.gitDir, name);
  writeFileSync(copy, bytes, { mode: 0o600 });
  const list = createLister();
  const ended = await git(
    // By this variable and not by an option, because no path of ours is a word that may be written.
    { ...blank, env: { ...blank.env, GIT_CONFIG: copy } },
    {
      args: [word('config'), word('--no-includes'), word('-z'), word('--list')],
      bytesMax: LIST_BYTES_MAX,
      exitCodes: MALFORMED,
    },
    list.take,
  ).finally(() => rmSync(copy, { force: true }));
  if (ended.cut) report.add(findingOf('layout.too_large', where));
  else if (ended.code !== 0) report.add(findingOf('layout.malformed', where));
  const all = list.entries();
  return { all, kept: all.flatMap((setting) => keptOf(setting, report)) };
}

function keptOf({ key, value }: Setting, report: Report): readonly ConfigEntry[] {
  const verdict = judgeConfigEntry(key, value);
  if (verdict.keep) return [verdict.entry];
  if (verdict.finding !== undefined) report.add(verdict.finding);
  return [];
}

interface Lister {
  /** False when there are too many. */
  readonly take: (piece: Buffer) => boolean;
  entries(): readonly Setting[];
}

function createLister(): Lister {
  const entries: Setting[] = [];
  let carry = '';
  return {
    take(piece) {
      const fields = (carry + piece.toString('latin1')).split('\0');
      carry = fields.pop() ?? '';
      for (const field of fields) {
        const end = field.indexOf('\n');
        entries.push(
          end < 0
            ? { key: field, value: undefined }
            : { key: field.slice(0, end), value: field.slice(end + 1) },
        );
      }
      return entries.length <= LIMITS.settingsMax;
    },
    entries: () => entries,
  };
}

/** The value of the last entry of that name, which is the one that counts. */
export function lastValue(settings: readonly Setting[], key: string): string | undefined {
  const last = settings.findLast((setting) => setting.key === key);
  return last === undefined ? undefined : (last.value ?? 'true');
}
