import { join } from 'node:path';

import { parseAttributes } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import type { IndexFacts } from '../handle.ts';
import type { Warning } from '../results.ts';
import type { Layout } from './layout.ts';
import { PIECES } from './pieces.ts';
import { readPlain } from './plain-file.ts';
import { entriesOf, hostBytes } from './plain-tree.ts';
import { isOn, type Prepared } from './prepare.ts';
import { lastValue, type Settings } from './settings.ts';
import { lstatOrNothing } from './stamp.ts';

/** What a reader of answers should know of a prepared repository; all is cheap to ask. */
export function warningsOf(prepared: Prepared, index: IndexFacts | undefined): readonly Warning[] {
  const { layout, settings, taken } = prepared;
  const sparse = isSparse(settings);
  const warnings: readonly (readonly [Warning, boolean])[] = [
    ['shallow', (taken.get(PIECES.shallow)?.digest ?? '') !== ''],
    ['partial', isPartial(settings)],
    ['sparse', sparse],
    ['filters_not_applied', appliesFilters(layout)],
    ['submodules_not_inspected', hasSubmodules(layout.workTree, index)],
    ['hidden_index_flags', index !== undefined && hidesEntries(index, sparse)],
    ['replace_refs_ignored', hasReplaceRefs(prepared)],
  ];
  return warnings.filter(([, holds]) => holds).map(([warning]) => warning);
}

export function isSparse({ all }: Settings): boolean {
  return isOn(lastValue(all, 'core.sparsecheckout') ?? 'false');
}

function isPartial({ all }: Settings): boolean {
  return all.some(
    ({ key, value = 'true' }) =>
      (key === 'extensions.partialclone' && value !== '') ||
      (/^remote\..*\.promisor$/s.test(key) && isOn(value)),
  );
}

/**
 * The repository's own attributes name a filter or another encoding. Only those at the top and those of
 * `info/attributes` are asked, where all but few stand: the others would cost a walk for each call.
 */
function appliesFilters({ workTree, commonDir }: Layout): boolean {
  if (workTree === undefined) return false;
  return [
    readPlain(workTree, ['.gitattributes'], LIMITS.configBytesMax),
    readPlain(commonDir, ['info', 'attributes'], LIMITS.configBytesMax),
  ].some((file) => {
    if (file.kind !== 'file') return false;
    const { filters, reencodes } = parseAttributes(file.bytes.toString('latin1'));
    return filters.size > 0 || reencodes;
  });
}

function hasSubmodules(workTree: string | undefined, index: IndexFacts | undefined): boolean {
  if (workTree === undefined) return false;
  return (
    (index?.submodules ?? 0) > 0 || lstatOrNothing(join(workTree, '.gitmodules')) !== undefined
  );
}

export function hidesEntries(facts: IndexFacts, sparse: boolean): boolean {
  return facts.assumeUnchanged > 0 || (facts.skipWorktree > 0 && !sparse);
}

function hasReplaceRefs({ layout, packed, trees }: Prepared): boolean {
  const directory = hostBytes(join(layout.commonDir, 'refs', 'replace'));
  if (packed.facts?.replaces === true) return true;
  if (!trees.directories.has(directory)) return false;
  try {
    for (const entry of entriesOf(directory)) return entry.name !== '';
  } catch {
    // It went away meanwhile.
  }
  return false;
}
