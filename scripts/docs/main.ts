/**
 * `npm run docs` writes everything that is made from the sources: the lock of each server, the
 * published JSON Schemas, `docs/controls.md`, and the snippets and tables within the pages.
 * `npm run docs -- --check` changes nothing and ends with 1 when one of them is out of date.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format } from 'prettier';

import { controlsPage } from './controls.ts';
import { brokenLinks } from './links.ts';
import { lockFiles } from './lock.ts';
import { REPOSITORY } from './repository.ts';
import { schemaFiles } from './schemas.ts';
import { withSnippets } from './snippets.ts';
import { withTables } from './tables.ts';

const check = process.argv.includes('--check');
const PAGES = ['*.md', 'docs/**/*.md', '{packages,servers}/*/README.md'];

const wanted = new Map<string, string>([...lockFiles(), ...(await schemaFiles())]);
wanted.set('docs/controls.md', await pretty('docs/controls.md', controlsPage()));
const pages = PAGES.flatMap((pattern) => globSync(pattern, { cwd: REPOSITORY })).toSorted();
for (const page of pages) {
  if (wanted.has(page)) continue;
  const text = readFileSync(join(REPOSITORY, page), 'utf8');
  wanted.set(page, await pretty(page, withTables(withSnippets(text, page), page)));
}

const stale = [...wanted].filter(([file, text]) => current(file) !== text);
for (const [file, text] of stale) {
  console.log(`${check ? 'out of date' : 'wrote'}: ${file}`);
  if (!check) writeFileSync(join(REPOSITORY, file), text);
}
const broken = pages.flatMap((page) => brokenLinks(page, wanted.get(page) ?? ''));
for (const link of broken) console.log(`broken link: ${link}`);
if (check && stale.length > 0) console.log('Run `npm run docs` and commit what it writes.');
console.log(`${String(wanted.size)} files are made or filled in from the sources`);
process.exitCode = broken.length > 0 || (check && stale.length > 0) ? 1 : 0;

function current(file: string): string | undefined {
  const path = join(REPOSITORY, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

async function pretty(file: string, text: string): Promise<string> {
  return format(text, { filepath: file, printWidth: 100, singleQuote: true });
}
