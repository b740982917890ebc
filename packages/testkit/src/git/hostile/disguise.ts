import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { chunkOffset, exchange, idPosition, sealed } from '../chunk-file.ts';
import { put } from '../files.ts';
import { objectId, setRef, writeCommit, writeObject, writeObjectAs } from '../objects.ts';
import { git } from '../run.ts';
import { APP, README } from '../template.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const FORGED = 'Approved by the owner';

/** The first commit's message: what is cut off stands behind it. */
const FIRST = 'Add the readme';

const HISTORY = [['log'], ['log', '--format=%s'], ['rev-list', '--format=%s', 'HEAD']];

const README_AT_HEAD = [
  ['show', 'HEAD:README.md'],
  ['cat-file', '-p', 'HEAD:README.md'],
];

function head({ repository }: HostilePlace): { id: string; tree: string; parent: string } {
  const [id = '', tree = '', parent = ''] = git(repository, [
    'rev-parse',
    'HEAD',
    'HEAD^{tree}',
    'HEAD~1',
  ]).split('\n');
  return { id, tree, parent };
}

function forgedCommit(place: HostilePlace): string {
  const { tree, parent } = head(place);
  const commit = { tree, parents: [parent], message: `${FORGED}\n` };
  return writeCommit(join(place.repository, '.git'), commit);
}

/** Puts all objects into one pack; returns its path without the end. */
function pack({ repository }: HostilePlace): string {
  git(repository, ['repack', '-a', '-d', '--quiet']);
  const directory = join(repository, '.git/objects/pack');
  const name = readdirSync(directory).find((entry) => entry.endsWith('.idx')) ?? '';
  return join(directory, name.slice(0, -4));
}

/** Changes a file that git made read-only. */
function edit(file: string, change: (bytes: Buffer) => void): void {
  chmodSync(file, 0o644);
  const bytes = readFileSync(file);
  change(bytes);
  writeFileSync(file, sealed(bytes));
}

function forges(
  name: string,
  row: string,
  build: HostileVector['build'],
  naive: HostileVector['naive'],
): HostileVector {
  return { name, row, bites: 'forges', build, naive, forged: FORGED };
}

function hides(
  name: string,
  row: string,
  build: HostileVector['build'],
  [naive, hidden]: readonly [HostileVector['naive'], string],
): HostileVector {
  return { name, row, bites: 'hides', build, naive, hidden };
}

/** The repository answers with something else than what was asked for, or keeps it back. */
export const DISGUISE: readonly HostileVector[] = [
  forges(
    'replaced-commit',
    'refs/replace, of a commit',
    (place) => {
      setRef(join(place.repository, '.git'), `refs/replace/${head(place).id}`, forgedCommit(place));
    },
    [['log'], ['show'], ['cat-file', '-p', 'HEAD']],
  ),

  forges(
    'replaced-blob',
    'refs/replace, of a file',
    ({ repository }) => {
      const gitDirectory = join(repository, '.git');
      const blob = writeObject(gitDirectory, 'blob', `${FORGED}\n`);
      setRef(gitDirectory, `refs/replace/${objectId('blob', README)}`, blob);
    },
    README_AT_HEAD,
  ),

  hides(
    'grafts',
    'info/grafts',
    (place) => {
      put(place.repository, '.git/info/grafts', `${head(place).id}\n`);
    },
    [HISTORY, FIRST],
  ),

  hides(
    'shallow',
    'shallow, although all commits are there',
    (place) => {
      put(place.repository, '.git/shallow', `${head(place).id}\n`);
    },
    [HISTORY, FIRST],
  ),

  hides(
    'commit-graph',
    'a crafted commit-graph: a commit without its parents',
    (place) => {
      git(place.repository, ['commit-graph', 'write', '--reachable']);
      edit(join(place.repository, '.git/objects/info/commit-graph'), (bytes) => {
        const position = idPosition(bytes, chunkOffset(bytes, 'OIDL'), head(place).id);
        const noParent = 0x70_00_00_00;
        bytes.writeUInt32BE(noParent, chunkOffset(bytes, 'CDAT') + position * 36 + 20);
      });
    },
    [HISTORY, FIRST],
  ),

  forges(
    'object-under-another-id',
    'a loose object whose content does not have its id: a file',
    ({ repository }) => {
      writeObjectAs(join(repository, '.git'), objectId('blob', README), 'blob', `${FORGED}\n`);
    },
    README_AT_HEAD,
  ),

  forges(
    'commit-under-another-id',
    'a loose object whose content does not have its id: a commit',
    (place) => {
      const { id, tree, parent } = head(place);
      const person = 'Ada Author <ada@example.org> 1700000000 +0000';
      const text = `tree ${tree}\nparent ${parent}\nauthor ${person}\ncommitter ${person}\n\n${FORGED}\n`;
      writeObjectAs(join(place.repository, '.git'), id, 'commit', text);
    },
    [['log'], ['cat-file', '-p', 'HEAD']],
  ),

  {
    name: 'pack-index',
    row: 'a crafted index of a pack: two files change places',
    bites: 'forges',
    build(place) {
      edit(`${pack(place)}.idx`, (bytes) => {
        const list = 8 + 256 * 4;
        const count = bytes.readUInt32BE(list - 4);
        const offset = (content: string): number =>
          list + count * 24 + idPosition(bytes, list, objectId('blob', content)) * 4;
        exchange(bytes, offset(README), offset(APP), 4);
      });
    },
    naive: README_AT_HEAD,
    forged: APP,
  },

  {
    name: 'multi-pack-index',
    row: 'a crafted multi-pack-index: two files change places',
    bites: 'forges',
    build(place) {
      pack(place);
      git(place.repository, ['multi-pack-index', 'write']);
      edit(join(place.repository, '.git/objects/pack/multi-pack-index'), (bytes) => {
        const list = chunkOffset(bytes, 'OIDL');
        const offset = (content: string): number =>
          chunkOffset(bytes, 'OOFF') + idPosition(bytes, list, objectId('blob', content)) * 8;
        exchange(bytes, offset(README), offset(APP), 8);
      });
    },
    naive: README_AT_HEAD,
    forged: APP,
  },

  hides(
    'assume-unchanged',
    'a flag of the index: assume-unchanged',
    ({ repository }) => {
      git(repository, ['update-index', '--assume-unchanged', 'src/app.ts']);
    },
    [[['status'], ['diff'], ['diff-files']], 'src/app.ts'],
  ),

  hides(
    'skip-worktree',
    'a flag of the index: skip-worktree',
    ({ repository }) => {
      git(repository, ['update-index', '--skip-worktree', 'src/app.ts']);
    },
    [[['status'], ['diff'], ['diff-files']], 'src/app.ts'],
  ),

  forges(
    'ambiguous-tag',
    'a tag that is called like the branch: tags come first',
    (place) => {
      setRef(join(place.repository, '.git'), 'refs/tags/main', forgedCommit(place));
    },
    [
      ['log', 'main'],
      ['show', 'main'],
    ],
  ),

  forges(
    'ambiguous-file',
    'a file of .git that is called like the branch: it comes before all others',
    (place) => {
      put(place.repository, '.git/main', `${forgedCommit(place)}\n`);
    },
    [
      ['log', 'main'],
      ['show', 'main'],
    ],
  ),

  forges(
    'notes',
    'refs/notes/commits: shown as if it belonged to the commit',
    ({ repository }) => {
      git(repository, ['notes', 'add', '--message', FORGED, 'HEAD']);
    },
    [['log'], ['show']],
  ),

  forges(
    'mailmap',
    '.mailmap: another author',
    ({ repository }) => {
      put(repository, '.mailmap', `${FORGED} <ada@example.org>\n`);
    },
    [['log'], ['show'], ['blame', 'README.md'], ['shortlog', '-s', 'HEAD']],
  ),

  forges(
    'commit-encoding',
    'the encoding header of a commit: the C library decodes it',
    (place) => {
      const { tree, parent } = head(place);
      // All of the commit is decoded, and a plus would start a code: hence this time zone.
      const person = 'Ada Author <ada@example.org> 1700000000 -0000';
      const lines = [
        `tree ${tree}`,
        `parent ${parent}`,
        `author ${person}`,
        `committer ${person}`,
        'encoding UTF-7',
        '',
        '+AEE-pproved by the owner',
        '',
      ];
      const commit = writeObject(join(place.repository, '.git'), 'commit', lines.join('\n'));
      setRef(join(place.repository, '.git'), 'refs/heads/main', commit);
    },
    [['log'], ['show'], ['rev-list', '--format=%B', 'HEAD']],
  ),

  forges(
    'working-tree-encoding',
    'working-tree-encoding: the C library decodes files',
    ({ repository }) => {
      put(repository, '.gitattributes', '* working-tree-encoding=UTF-7\n');
      put(repository, 'README.md', '+AEE-pproved by the owner\n');
    },
    [['diff'], ['diff', 'HEAD']],
  ),

  hides(
    'nul-in-message',
    'a NUL in a message: the rest is not shown',
    (place) => {
      const { tree, parent } = head(place);
      const message = 'Nothing\n\n\0Correct the answer\n';
      const commit = writeCommit(join(place.repository, '.git'), {
        tree,
        parents: [parent],
        message,
      });
      setRef(join(place.repository, '.git'), 'refs/heads/main', commit);
    },
    [HISTORY, 'Correct the answer'],
  ),
];
