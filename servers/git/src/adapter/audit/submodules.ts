import { LIMITS } from '../../policy.ts';
import { readPlain } from '../repository/plain-file.ts';
import { createReport, type Report } from '../repository/report.ts';
import { readSettings, type Setting } from '../repository/settings.ts';
import type { Profile } from '../handle.ts';
import type { RunGit } from '../repository/git-runs.ts';
import { type NoteId, noteOf } from './findings.ts';

/** Judges `.gitmodules`, which a clone with its submodules acts on (CVE-2018-11235, CVE-2018-17456). */
export async function auditSubmodules(
  workTree: string,
  report: Report,
  { profile, git }: { readonly profile: Profile; readonly git: RunGit },
): Promise<void> {
  const file = readPlain(workTree, ['.gitmodules'], LIMITS.configBytesMax);
  if (file.kind === 'absent') return;
  const own = createReport();
  const settings =
    file.kind === 'file'
      ? await readSettings(
          file.bytes,
          { where: '.gitmodules', name: 'gitmodules' },
          { blank: profile, report: own, git },
        )
      : undefined;
  if (settings === undefined || own.refused) report.add(noteOf('submodules.file', '.gitmodules'));
  for (const setting of settings?.all ?? []) judge(setting, report);
}

/** A transport that is a program, or a name that is read as an option. */
const PROGRAM = /^(?:[A-Za-z][\w+.-]*::|-)/;
const LEADS_OUT = /^-|(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]/;

/** What is wrong with a value, by the name of the setting. */
const JUDGES: Readonly<Record<string, readonly [NoteId, RegExp]>> = {
  url: ['submodules.transport', PROGRAM],
  update: ['submodules.update', /^!/],
  path: ['submodules.path', LEADS_OUT],
};

function judge({ key, value = '' }: Setting, report: Report): void {
  const [, subsection = '', name = ''] = /^submodule\.(.*)\.(url|path|update)$/s.exec(key) ?? [];
  const [id, pattern] = JUDGES[name] ?? [];
  if (id === undefined || pattern === undefined) return;
  const where = `.gitmodules: submodule.*.${name}`;
  if (pattern.test(value)) report.add(noteOf(id, where));
  // The name becomes a directory beneath `.git/modules`.
  if (LEADS_OUT.test(subsection)) report.add(noteOf('submodules.path', where));
}
