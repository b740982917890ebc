import type { Trusted } from '@secure-mcp/validation';

import type { Finding } from '../../policy.ts';
import { type ConfigKey, parseConfigKey, shownKey } from './config-key.ts';
import { riskOf } from './config-risks.ts';
import { keptValue, patternOf } from './config-values.ts';

/** A setting that our own configuration takes over: no text in it is longer than it seems when it is written. */
export type ConfigEntry = Trusted<ConfigKey & { readonly value: string }, 'ConfigEntry'>;

type ConfigVerdict =
  | { readonly keep: true; readonly entry: ConfigEntry }
  | { readonly keep: false; readonly finding: Finding | undefined };

/** Extensions that say nothing about how objects and refs are read, or that git dropped. */
const IDLE_EXTENSIONS = new Set([
  'extensions.noop',
  'extensions.partialclone',
  'extensions.preciousobjects',
  'extensions.relativeworktrees',
  'extensions.worktreeconfig',
]);

/**
 * Judges one setting of a repository: taken over, left out, or left out and told.
 *
 * @param key as `git config --list -z` prints it, before the line feed.
 * @param value what stands after the line feed; undefined when there is none.
 */
export function judgeConfigEntry(key: string, value: string | undefined): ConfigVerdict {
  const parts = parseConfigKey(key);
  const kept = keptValue(parts, value);
  if (kept === undefined) return { keep: false, finding: findingOf(parts, value) };
  const entry: unknown = { ...parts, value: kept };
  return { keep: true, entry: entry as ConfigEntry };
}

function findingOf(key: ConfigKey, value: string | undefined): Finding | undefined {
  const risk = riskOf(key, value);
  const where = shownKey(key);
  if (risk !== undefined) {
    const { id, severity, effect } = risk;
    return { id, severity, where, effect, refuses: false };
  }
  return decidesFormat(key)
    ? { id: 'config.format-unknown', severity: 'breaks', where, effect: UNREADABLE, refuses: true }
    : undefined;
}

const UNREADABLE = 'The repository is kept in a form that this server does not know.';

/** A form that we do not know cannot be left out: the same bytes would be read as something else. */
function decidesFormat(key: ConfigKey): boolean {
  const pattern = patternOf(key);
  if (key.section === 'extensions') return !IDLE_EXTENSIONS.has(pattern);
  return pattern === 'core.repositoryformatversion';
}

/**
 * Writes a configuration file. Every value and every subsection is quoted, so that no text of theirs can
 * begin another setting.
 */
export function configText(entries: readonly ConfigEntry[]): string {
  return entries
    .map(({ section, subsection, name, value }) => {
      const head = subsection === undefined ? section : `${section} ${quoted(subsection)}`;
      return `[${head}]\n\t${name} = ${quoted(value)}\n`;
    })
    .join('');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
