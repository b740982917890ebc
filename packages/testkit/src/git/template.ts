import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put } from './files.ts';
import { git, SECONDS } from './run.ts';

/** The content of `src/app.ts` at HEAD. */
export const APP = 'export const answer = 42;\n';

/** The content of `README.md` at HEAD. */
export const README = '# Ordinary\n\nThe readme of main.\n';

/** The content of `docs/guide.md` at HEAD. */
const GUIDE = 'one\ntwo\nthree\n';

/**
 * An ordinary small repository, with something for every tool that reads.
 *
 * Three commits on `main`, a branch `side` that conflicts with it in `README.md`, a lightweight and an
 * annotated tag; `docs/guide.md` changed and staged, `src/app.ts` changed and not staged, `notes.txt`
 * untracked, `ignored.log` ignored. `formats` are options of `git init`.
 */
export function buildTemplate(repository: string, formats: readonly string[] = []): void {
  mkdirSync(repository, { recursive: true });
  git(repository, ['init', '--quiet', '--template=', ...formats]);
  configure(repository, { 'user.name': 'Ada Author', 'user.email': 'ada@example.org' });
  git(repository, ['fast-import', '--quiet'], { input: HISTORY });
  git(repository, ['reset', '--quiet', '--hard']);
  appendFileSync(join(repository, 'docs/guide.md'), 'four, staged\n');
  git(repository, ['add', 'docs/guide.md']);
  appendFileSync(join(repository, 'src/app.ts'), 'export const changed = true;\n');
  put(repository, 'notes.txt', 'untracked\n');
  put(repository, 'ignored.log', 'ignored\n');
}

function data(text: string): string {
  return `data ${String(Buffer.byteLength(text))}\n${text}\n`;
}

function commit(branch: string, mark: number, message: string): string {
  const time = `${String(SECONDS + mark * 60)} +0000`;
  return [
    `commit refs/heads/${branch}`,
    `mark :${String(mark)}`,
    `author Ada Author <ada@example.org> ${time}`,
    `committer Carl Committer <carl@example.org> ${time}`,
    data(message),
  ].join('\n');
}

function file(name: string, content: string): string {
  return `M 100644 inline ${name}\n${data(content)}`;
}

const HISTORY = [
  commit('main', 1, 'Add the readme\n'),
  file('README.md', '# Ordinary\n\nA readme.\n'),
  file('.gitignore', '*.log\n'),
  commit('main', 2, 'Add the application\n\nIt has a body, too.\n'),
  file('src/app.ts', 'export const answer = 41;\n'),
  file('docs/guide.md', GUIDE),
  commit('side', 3, 'Say something else in the readme\n'),
  'from :2\n',
  file('README.md', '# Ordinary\n\nThe readme of side.\n'),
  commit('main', 4, 'Correct the answer\n'),
  'from :2\n',
  file('README.md', README),
  file('src/app.ts', APP),
  `tag v1.0\nfrom :2\ntagger Carl Committer <carl@example.org> ${String(SECONDS + 300)} +0000\n`,
  data('The first version\n'),
  'reset refs/tags/light\nfrom :1\n\n',
].join('');
