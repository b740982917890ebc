import { parseAttributes } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Layout } from '../repository/layout.ts';
import { readPlain } from '../repository/plain-file.ts';
import type { Report } from '../repository/report.ts';
import type { Setting } from '../repository/settings.ts';
import { noteOf } from './findings.ts';

/** Which names of a section make a driver of an attribute run something. */
const PROGRAMS = {
  filter: ['clean', 'smudge', 'process'],
  diff: ['command', 'textconv'],
  merge: ['driver'],
} as const;

type Attribute = keyof typeof PROGRAMS;

/** Tells which drivers the attributes of the repository name, and whether its settings give them programs. */
export function auditAttributes(
  { workTree, commonDir }: Layout,
  settings: readonly Setting[],
  report: Report,
): void {
  const keys = new Set(settings.map(({ key }) => key));
  const runs = (attribute: Attribute, driver: string): boolean =>
    PROGRAMS[attribute].some((name) => keys.has(`${attribute}.${driver}.${name}`));
  const look = (base: string, steps: readonly string[]): void => {
    const file = readPlain(base, steps, LIMITS.configBytesMax);
    if (file.kind !== 'file') return;
    const where = steps.join('/');
    const facts = parseAttributes(file.bytes.toString('latin1'));
    const drivers: readonly (readonly [Attribute, ReadonlySet<string>])[] = [
      ['filter', facts.filters],
      ['diff', facts.diffs],
      ['merge', facts.merges],
    ];
    for (const [attribute, names] of drivers) {
      for (const name of names) {
        if (runs(attribute, name))
          report.add(noteOf('attributes.driver', `${where}: ${attribute}=${name}`));
        else if (attribute === 'filter')
          report.add(noteOf('attributes.filter_named', `${where}: ${attribute}=${name}`));
      }
    }
    if (facts.reencodes) report.add(noteOf('attributes.encoding', where));
  };
  if (workTree !== undefined) look(workTree, ['.gitattributes']);
  look(commonDir, ['info', 'attributes']);
}
