import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { setRef, writeCommit, writeObject } from '../objects.ts';
import { git } from '../run.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

/** The first line of a signature says which program checks it. */
const PGP = 'PGP SIGNATURE';
const SSH = 'SSH SIGNATURE';
const X509 = 'SIGNED MESSAGE';

function block(kind: string): readonly string[] {
  return [`-----BEGIN ${kind}-----`, '', 'AAAA', `-----END ${kind}-----`];
}

/** Signs the newest commit, and a tag of it, with what is no signature. */
function sign({ repository }: HostilePlace, kind: string): void {
  const gitDirectory = join(repository, '.git');
  const [tree = '', parent = ''] = git(repository, ['rev-parse', 'HEAD^{tree}', 'HEAD']).split(
    '\n',
  );
  const [first = '', ...others] = block(kind);
  const headers = [`gpgsig ${first}`, ...others.map((line) => ` ${line}`)];
  const commit = writeCommit(gitDirectory, {
    tree,
    parents: [parent],
    message: 'Signed\n',
    headers,
  });
  setRef(gitDirectory, 'refs/heads/main', commit);
  const zeros = '0'.repeat(40);
  put(gitDirectory, 'logs/HEAD', `${zeros} ${commit} A <a@b> 1700000000 +0000\tcommit: Signed\n`);
  const tag = [
    `object ${commit}`,
    'type commit',
    'tag signed',
    'tagger Ada Author <ada@example.org> 1700000000 +0000',
    '',
    'Signed',
    ...block(kind),
    '',
  ].join('\n');
  setRef(gitDirectory, 'refs/tags/signed', writeObject(gitDirectory, 'tag', tag));
}

/** Looking at a signature starts the program that checks it. */
export const SIGNATURES: readonly HostileVector[] = [
  {
    name: 'show-signature',
    row: 'log.showSignature and gpg.program',
    bites: 'executes',
    build(place) {
      sign(place, PGP);
      configure(place.repository, {
        'log.showSignature': 'true',
        'gpg.program': place.canary.script,
      });
    },
    naive: [['log'], ['show'], ['log', '--stat'], ['show', 'signed'], ['log', '-g']],
  },
  {
    name: 'show-signature-openpgp',
    row: 'log.showSignature and gpg.openpgp.program',
    bites: 'executes',
    build(place) {
      sign(place, PGP);
      configure(place.repository, {
        'log.showSignature': 'true',
        'gpg.openpgp.program': place.canary.script,
      });
    },
    naive: [['log'], ['show']],
  },
  {
    name: 'show-signature-ssh',
    row: 'log.showSignature and gpg.ssh.program',
    bites: 'executes',
    build(place) {
      sign(place, SSH);
      configure(place.repository, {
        'log.showSignature': 'true',
        'gpg.ssh.allowedSignersFile': join(place.repository, 'README.md'),
        'gpg.ssh.program': place.canary.script,
      });
    },
    naive: [['log'], ['show']],
  },
  {
    name: 'show-signature-x509',
    row: 'log.showSignature and gpg.x509.program',
    bites: 'executes',
    build(place) {
      sign(place, X509);
      configure(place.repository, {
        'log.showSignature': 'true',
        'gpg.x509.program': place.canary.script,
      });
    },
    naive: [['log'], ['show']],
  },
  {
    name: 'format-with-signature',
    row: 'format.pretty with %G?',
    bites: 'executes',
    build(place) {
      sign(place, PGP);
      configure(place.repository, {
        'format.pretty': '%H %G? %s',
        'gpg.program': place.canary.script,
      });
    },
    naive: [['log'], ['show']],
  },
  {
    name: 'verify-signature',
    row: 'gpg.program, when a signature is verified',
    bites: 'executes',
    build(place) {
      sign(place, PGP);
      configure(place.repository, { 'gpg.program': place.canary.script });
    },
    naive: [
      ['tag', '--verify', 'signed'],
      ['verify-commit', 'HEAD'],
      ['log', '-1', '--format=%G?'],
    ],
  },
  {
    name: 'sign-by-default',
    row: 'commit.gpgSign, tag.gpgSign and gpg.program (commands that write)',
    bites: 'executes',
    build(place) {
      configure(place.repository, {
        'commit.gpgSign': 'true',
        'tag.gpgSign': 'true',
        'gpg.program': place.canary.script,
      });
    },
    naive: [
      ['commit', '--message=x', '--allow-empty'],
      ['tag', '--message=x', 'another'],
    ],
  },
];
