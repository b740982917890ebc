import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { configure, put } from '../files.ts';
import { git } from '../run.ts';
import { buildTemplate } from '../template.ts';
import { cloneTemplate, commitAll, copyClean, copyTemplate, type LayoutPlan } from './layout.ts';

/** Ways to store a repository. */
export const STORAGE: readonly LayoutPlan[] = [
  { name: 'plain', notes: 'loose objects, loose references', build: copyTemplate },
  {
    name: 'packed',
    notes: 'one pack, packed references, a commit-graph',
    build(place) {
      copyTemplate(place);
      git(place.path, ['gc', '--quiet']);
      git(place.path, ['pack-refs', '--all']);
      git(place.path, ['commit-graph', 'write', '--reachable']);
    },
  },
  {
    name: 'sha256',
    notes: 'ids of 64 digits',
    build({ path }) {
      buildTemplate(path, ['--object-format=sha256']);
    },
  },
  {
    name: 'reftable',
    notes: 'references in tables',
    since: '2.45',
    build({ path }) {
      buildTemplate(path, ['--ref-format=reftable']);
    },
  },
  {
    name: 'shallow',
    notes: 'a clone without the first commits',
    build(place) {
      const far = { ...place, template: pathToFileURL(place.template).href };
      cloneTemplate(far, '--depth=2', '--no-single-branch', '--no-tags');
    },
  },
  {
    name: 'sparse',
    notes: 'only `docs` is checked out: the other entries carry skip-worktree',
    build(place) {
      cloneTemplate(place);
      git(place.path, ['sparse-checkout', 'set', 'docs']);
    },
  },
  {
    name: 'split-index',
    notes: 'the index shares the greater part of itself',
    build(place) {
      copyTemplate(place);
      git(place.path, ['update-index', '--split-index']);
      put(place.path, 'added.txt', 'added\n');
      git(place.path, ['add', 'added.txt']);
    },
  },
  {
    name: 'bare',
    notes: 'no work tree',
    build({ path, template }) {
      git(template, ['clone', '--quiet', '--template=', '--bare', '.', path]);
    },
  },
  {
    name: 'alternates',
    notes: 'its objects are those of its neighbour `plain`',
    build(place) {
      const neighbour = { ...place, template: join(place.directory, 'plain') };
      cloneTemplate(neighbour, '--shared');
      put(place.path, 'own.txt', 'its own\n');
      commitAll(place.path, 'Add its own', 20);
    },
  },
  {
    name: 'worktree-owner',
    notes: 'it has a linked work tree',
    build(place) {
      copyTemplate(place);
      const linked = join(place.directory, 'worktree-linked');
      git(place.path, ['worktree', 'add', '--quiet', '-b', 'linked', linked]);
    },
  },
  {
    name: 'worktree-linked',
    notes: 'it is the linked work tree of `worktree-owner`',
    build({ path }) {
      appendFileSync(join(path, 'README.md'), 'changed in the linked work tree\n');
      put(path, 'src/app.ts', 'export const answer = 43;\n');
      git(path, ['add', 'src/app.ts']);
    },
  },
  {
    name: 'submodule',
    notes: 'a submodule whose commit is newer than the recorded one',
    build(place) {
      copyClean(place);
      git(place.path, ['submodule', '--quiet', 'add', place.template, 'library']);
      commitAll(place.path, 'Add a library', 20);
      const library = join(place.path, 'library');
      configure(place.path, { 'diff.ignoreSubmodules': 'none' });
      git(library, ['checkout', '--quiet', '-b', 'own']);
      put(library, 'own.txt', 'its own\n');
      git(library, ['add', 'own.txt']);
      git(library, ['commit', '--quiet', '--message=Go on'], { minute: 21 });
    },
  },
];
