import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Bomb } from './bombs/bomb.ts';
import { COUNTING } from './bombs/counting.ts';
import { INFLATING } from './bombs/inflating.ts';
import { WAITING } from './bombs/waiting.ts';
import { buildTemplate } from './template.ts';

/** Every repository that we know to exhaust its reader, or to make it wait. */
export const BOMBS: readonly Bomb[] = [...INFLATING, ...COUNTING, ...WAITING];

/** A bomb that stands on the disk, armed. */
export interface BuiltBomb extends Bomb {
  readonly repository: string;
}

/** Builds one bomb, `<directory>/<name>`; throws where there is none of that name. */
export function buildBomb(name: string, directory: string): BuiltBomb {
  const bomb = BOMBS.find((each) => each.name === name);
  if (bomb === undefined) throw new Error(`There is no bomb that is called ${name}.`);
  const repository = join(directory, name);
  const template = join(directory, '.ordinary');
  if (!existsSync(template)) buildTemplate(template);
  mkdirSync(directory, { recursive: true });
  cpSync(template, repository, { recursive: true });
  bomb.build(repository);
  return { ...bomb, repository };
}
