import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { REPOSITORY } from './repository.ts';

/** Links of a page to files that do not exist. Addresses on the network are not looked at. */
export function brokenLinks(page: string, text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(REPOSITORY, dirname(page), target)))
    .map((target) => `${page}: ${target}`);
}
