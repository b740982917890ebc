import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { configure } from '../files.ts';
import { objectId, objectPath, setRef, writeCommit, writeTree } from '../objects.ts';
import { secretRepository } from '../secret.ts';
import { APP, README } from '../template.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

/** Whatever needs the object that is missing fetches it from the promisor. */
const NEEDS_OBJECT = [
  ['show', 'HEAD'],
  ['log', '-p'],
  ['diff'],
  ['diff', 'HEAD~1', 'HEAD'],
  ['blame', 'src/app.ts'],
  ['cat-file', '-p', 'HEAD:src/app.ts'],
  ['rev-list', '--objects', '--disk-usage', 'HEAD'],
  ['grep', 'answer', 'HEAD'],
  ['archive', '--format=tar', 'HEAD'],
  ['merge-tree', '--write-tree', 'main', 'side'],
];

type Settings = Readonly<Record<string, string>>;

/** Makes the repository a partial clone that misses files of HEAD. */
function promise({ repository }: HostilePlace, settings: Settings): void {
  for (const content of [APP, README])
    rmSync(objectPath(join(repository, '.git'), objectId('blob', content)));
  configure(repository, {
    'core.repositoryformatversion': '1',
    'extensions.partialClone': 'origin',
    'remote.origin.promisor': 'true',
    'remote.origin.partialclonefilter': 'blob:none',
    ...settings,
  });
}

/** Port 9 of this machine: nobody answers, and nothing leaves the machine. */
const NOBODY = '127.0.0.1:9';

function vector(
  name: string,
  row: string,
  settings: (place: HostilePlace) => Settings,
): HostileVector {
  return {
    name: `lazy-${name}`,
    row: `a partial clone whose promisor is reached by ${row}`,
    bites: 'executes',
    build(place) {
      promise(place, settings(place));
    },
    naive: NEEDS_OBJECT,
  };
}

/** A missing object makes git fetch it, and fetching starts a program that the configuration names. */
export const LAZY: readonly HostileVector[] = [
  vector('ext', 'ext::', ({ canary }) => ({
    'protocol.ext.allow': 'always',
    'remote.origin.url': `ext::${canary.script}`,
  })),

  vector('ssh-command', 'core.sshCommand', ({ canary }) => ({
    'core.sshCommand': canary.script,
    'remote.origin.url': `ssh://${NOBODY}/x`,
  })),

  vector('upload-pack', 'remote.<name>.uploadpack', ({ repository, canary }) => ({
    'remote.origin.uploadpack': canary.script,
    'remote.origin.url': join(repository, '.git'),
  })),

  vector('instead-of', 'url.<base>.insteadOf', ({ canary }) => ({
    'protocol.ext.allow': 'always',
    [`url.ext::${canary.script} .insteadOf`]: 'https://',
    'remote.origin.url': `https://${NOBODY}/x`,
  })),

  vector('git-proxy', 'core.gitProxy', ({ canary }) => ({
    'core.gitProxy': canary.script,
    'remote.origin.url': `git://${NOBODY}/x`,
  })),

  vector('remote-helper', 'remote.<name>.vcs', ({ canary }) => ({
    'protocol.ext.allow': 'always',
    'remote.origin.vcs': 'ext',
    'remote.origin.url': canary.script,
  })),

  vector('credential-helper', 'credential.helper, for a proxy with a user', ({ canary }) => ({
    'credential.helper': `!${canary.script}`,
    'http.proxy': `http://user@${NOBODY}`,
    'remote.origin.url': `http://${NOBODY}/x`,
  })),

  vector('ask-pass', 'core.askPass, for a proxy with a user', ({ canary }) => ({
    'core.askPass': canary.script,
    'http.proxy': `http://user@${NOBODY}`,
    'remote.origin.url': `http://${NOBODY}/x`,
  })),

  {
    name: 'lazy-file',
    row: 'a partial clone whose promisor is another repository of this machine (file://)',
    bites: 'reads outside',
    build(place) {
      const secret = secretRepository(place);
      const gitDirectory = join(place.repository, '.git');
      promise(place, { 'remote.origin.url': pathToFileURL(secret.gitDirectory).href });
      const tree = writeTree(gitDirectory, [
        { mode: '100644', name: 'stolen.txt', id: secret.blob },
      ]);
      const commit = writeCommit(gitDirectory, { tree, message: 'Names what it does not have\n' });
      setRef(gitDirectory, 'refs/heads/stolen', commit);
    },
    naive: [
      ['cat-file', '-p', 'stolen:stolen.txt'],
      ['show', 'stolen'],
      ['grep', 'MARKER', 'stolen'],
    ],
  },
];
