import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { CONTENTS } from './ordinary/contents.ts';
import type { LayoutPlan, OrdinaryLayout } from './ordinary/layout.ts';
import { STATES } from './ordinary/states.ts';
import { STORAGE } from './ordinary/storage.ts';
import { gitVersion, isAtLeast } from './run.ts';
import { buildTemplate } from './template.ts';

/** What is built, in this order: some are made from their neighbours. */
const PLANS: readonly LayoutPlan[] = [...STORAGE, ...STATES, ...CONTENTS];

/**
 * Builds ordinary repositories, `<directory>/<name>` each, for comparing a reader with plain git.
 *
 * Where this machine's git is too old for one, `needs` says so, and nothing is built.
 */
export function buildOrdinary(directory: string): readonly OrdinaryLayout[] {
  mkdirSync(directory, { recursive: true });
  const version = gitVersion();
  const template = join(directory, 'template');
  buildTemplate(template);
  return PLANS.map(({ name, notes, since, build }) => {
    const path = join(directory, name);
    if (since !== undefined && !isAtLeast(version, since))
      return { name, path, notes, needs: `git ${since}; this is ${version}` };
    build({ path, directory, template });
    return { name, path, notes };
  });
}
