import { createHash } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { putScript } from './files.ts';
import { BORROWED } from './hostile/borrowed.ts';
import { DISGUISE } from './hostile/disguise.ts';
import { DRIVERS } from './hostile/drivers.ts';
import { FILTERS } from './hostile/filters.ts';
import { FSMONITOR } from './hostile/fsmonitor.ts';
import { HOOKS } from './hostile/hooks.ts';
import { INDEXES } from './hostile/indexes.ts';
import { LAZY } from './hostile/lazy.ts';
import { OPTIONS } from './hostile/options.ts';
import { OUTSIDE } from './hostile/outside.ts';
import { PROGRAMS } from './hostile/programs.ts';
import { SETTINGS } from './hostile/settings.ts';
import { SIGNATURES } from './hostile/signatures.ts';
import { TEXTS } from './hostile/texts.ts';
import type { HostilePlace, HostileVector } from './hostile/vector.ts';
import { WORKTREE } from './hostile/worktree.ts';
import { shellQuoted } from './run.ts';
import { buildTemplate } from './template.ts';

/** Every way that we know in which a repository attacks its reader. */
export const VECTORS: readonly HostileVector[] = [
  ...FSMONITOR,
  ...DRIVERS,
  ...FILTERS,
  ...HOOKS,
  ...SIGNATURES,
  ...LAZY,
  ...PROGRAMS,
  ...BORROWED,
  ...OUTSIDE,
  ...WORKTREE,
  ...INDEXES,
  ...DISGUISE,
  ...SETTINGS,
  ...TEXTS,
  ...OPTIONS,
];

/** A vector that stands on the disk, armed. */
export interface BuiltVector extends HostileVector {
  readonly place: HostilePlace;
}

/**
 * Builds all hostile repositories: `<directory>/repositories/<name>`, and what they lead to in
 * `<directory>/outside/<name>`.
 *
 * `<directory>/ordinary` is the same repository without a trap, to compare with.
 */
export function buildHostile(
  directory: string,
  vectors: readonly HostileVector[] = VECTORS,
): readonly BuiltVector[] {
  const template = join(directory, 'ordinary');
  buildTemplate(template);
  mkdirSync(join(directory, 'repositories'), { recursive: true });
  return vectors.map((vector) => {
    const place = placeOf(directory, vector.name);
    cpSync(template, place.repository, { recursive: true });
    vector.build(place);
    return { ...vector, place };
  });
}

function placeOf(directory: string, name: string): HostilePlace {
  const outside = join(directory, 'outside', name);
  mkdirSync(outside, { recursive: true });
  const file = join(outside, 'canary');
  const command = `: > ${shellQuoted(file)}`;
  return {
    repository: join(directory, 'repositories', name),
    outside,
    canary: { file, command, script: putScript(outside, 'canary.sh', command) },
    marker: markerOf(name),
  };
}

/** Letters and digits only: it has to stand in a name of a reference, in an address, in a pattern. */
function markerOf(name: string): string {
  return `MARKER${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}
