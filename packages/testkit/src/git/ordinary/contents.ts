import { chmodSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { git } from '../run.ts';
import { commitAll, copyClean, type LayoutPlan } from './layout.ts';

const LINES = Array.from({ length: 30 }, (_, index) => `line ${String(index)}\n`).join('');

const LFS_POINTER = [
  'version https://git-lfs.github.com/spec/v1',
  `oid sha256:${'4d7a'.repeat(16)}`,
  'size 12345',
  '',
].join('\n');

/** Names that have to be quoted, or decoded, or kept from being options. */
const ODD_NAMES = [
  'Grüße.txt',
  '你好.txt',
  'e\u0301.txt',
  'two words.txt',
  'line\nend.txt',
  'tab\tstop.txt',
  'quote".txt',
  "apostrophe'.txt",
  'back\\slash.txt',
  '-dash.txt',
  '--output=x',
  ':colon.txt',
  '*.txt',
  '#hash.txt',
  ' leading.txt',
  'trailing ',
  'deep/er/and/deeper/file.txt',
];

/** What a repository holds. */
export const CONTENTS: readonly LayoutPlan[] = [
  {
    name: 'changes',
    notes: 'renames, modes, a link, binary files, line ends, and bytes that are not UTF-8',
    build(place) {
      copyClean(place);
      const { path } = place;
      put(path, 'old-name.txt', LINES);
      put(path, 'script.sh', '#!/bin/sh\n');
      put(path, 'crlf.txt', 'one\r\ntwo\r\n');
      put(path, 'no-end.txt', 'no line end');
      put(path, 'binary.bin', Buffer.from([0, 1, 2, 255]));
      put(path, 'latin1.txt', Buffer.from('Gr\xFC\xDFe\n', 'latin1'));
      put(path, 'becomes-a-link', 'a file\n');
      symlinkSync('README.md', join(path, 'link'));
      commitAll(path, 'Add all kinds', 20);
      renameSync(join(path, 'old-name.txt'), join(path, 'new-name.txt'));
      put(path, 'new-name.txt', LINES.replace('line 7\n', 'line seven\n'));
      chmodSync(join(path, 'script.sh'), 0o755);
      put(path, 'crlf.txt', 'one\r\ntwo\r\nthree\r\n');
      put(path, 'no-end.txt', 'no line end yet');
      put(path, 'binary.bin', Buffer.from([0, 1, 3, 255]));
      put(path, 'latin1.txt', Buffer.from('Sch\xF6ne Gr\xFC\xDFe\n', 'latin1'));
      unlinkSync(join(path, 'becomes-a-link'));
      symlinkSync('elsewhere', join(path, 'becomes-a-link'));
      unlinkSync(join(path, 'docs/guide.md'));
      commitAll(path, 'Change all kinds', 21);
      renameSync(join(path, 'new-name.txt'), join(path, 'newest-name.txt'));
      git(path, ['add', '--all']);
      put(path, 'binary.bin', Buffer.from([0, 9]));
    },
  },
  {
    name: 'names',
    notes: 'names of files and branches that are odd, one of them not UTF-8',
    build(place) {
      copyClean(place);
      const { path } = place;
      for (const name of ODD_NAMES) put(path, name, `${name}\n`);
      putBytes(path, Buffer.from('not-utf8-\xE4.txt', 'latin1'));
      commitAll(path, 'Add odd names\n\nGrüße, 你好, e\u0301', 20);
      for (const name of ODD_NAMES.slice(0, 6)) put(path, name, 'changed\n');
      for (const branch of ['größe/zwei', 'feature/#1', 'a.b@c', '用户'])
        git(path, ['branch', branch]);
    },
  },
  {
    name: 'merges',
    notes: 'a merge of two, an octopus, and a commit by two names',
    build(place) {
      copyClean(place);
      const { path } = place;
      const words = ['merge', '--quiet', '--no-ff', '--strategy=ours', '--message=Merge side'];
      git(path, [...words, 'side'], { minute: 20 });
      const branches = ['one', 'two', 'three'];
      for (const [turn, branch] of branches.entries()) {
        git(path, ['checkout', '--quiet', '-b', branch, 'main']);
        put(path, `${branch}.txt`, `${branch}\n`);
        commitAll(path, `Add ${branch}`, 21 + turn);
      }
      git(path, ['checkout', '--quiet', 'main']);
      git(path, ['merge', '--quiet', '--message=Merge three', ...branches], { minute: 30 });
      const message = 'Write together\n\nCo-authored-by: Bea <bea@example.org>';
      git(path, ['commit', '--quiet', '--allow-empty', '--message', message], { minute: 31 });
    },
  },
  {
    name: 'tags',
    notes: 'annotated, lightweight and nested tags, of commits, a tree and a file',
    build(place) {
      copyClean(place);
      const { path } = place;
      git(path, ['tag', 'lightweight']);
      git(path, ['tag', '--message=Annotated\n\nWith a body.', 'annotated'], { minute: 20 });
      git(path, ['tag', '--message=Nested', 'nested', 'annotated'], { minute: 21 });
      git(path, ['tag', '--message=A tree', 'of-a-tree', 'HEAD^{tree}'], { minute: 22 });
      git(path, ['tag', 'of-a-file', 'HEAD:README.md']);
    },
  },
  {
    name: 'filter',
    notes: 'a pointer of Git LFS under filter=lfs, without the program',
    build(place) {
      copyClean(place);
      const { path } = place;
      put(path, '.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n*.md text\n');
      put(path, 'large.bin', LFS_POINTER);
      commitAll(path, 'Keep a large file elsewhere', 20);
      put(path, 'large.bin', LFS_POINTER.replace('12345', '12346'));
    },
  },
  {
    name: 'autocrlf',
    notes: 'core.autocrlf: the work tree has other line ends than the repository',
    build(place) {
      copyClean(place);
      const { path } = place;
      configure(path, { 'core.autocrlf': 'true' });
      put(path, 'README.md', '# Ordinary\r\n\r\nThe readme of main.\r\n');
      put(path, 'src/app.ts', 'export const answer = 43;\r\n');
      put(path, 'new.txt', 'one\r\ntwo\r\n');
      git(path, ['add', 'new.txt']);
    },
  },
];

/** A name that no string of JavaScript is. */
function putBytes(directory: string, name: Buffer): void {
  const path = Buffer.concat([Buffer.from(`${directory}/`), name]);
  writeFileSync(path, 'not UTF-8\n');
}
