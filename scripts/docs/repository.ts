import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Reads a file of the repository. */
export function readSource(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8');
}

/** A link from one page to a file. */
export function linkFrom(page: string, file: string): string {
  return relative(dirname(page), file) || '.';
}
