import { mkdirSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put, putScript } from '../files.ts';
import { initialise, objectPath, setRef, writeCommit, writeObject } from '../objects.ts';
import { git } from '../run.ts';
import { README } from '../template.ts';
import type { HostileVector } from './vector.ts';

/** The other programs whose names git takes from the configuration, by the command that starts them. */
export const PROGRAMS: readonly HostileVector[] = [
  {
    name: 'merge-driver',
    row: 'merge.<driver>.driver',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.gitattributes', '* merge=evil\n');
      configure(repository, { 'merge.evil.driver': canary.script });
      mergeSide(repository);
    },
    naive: [
      ['merge-tree', '--write-tree', 'main~1', 'side'],
      ['log', '-1', '-p', '--remerge-diff'],
      ['show', '--remerge-diff', 'HEAD'],
    ],
  },
  {
    name: 'merge-driver-by-default',
    row: 'merge.<driver>.driver, by log.diffMerges=remerge',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.git/info/attributes', '* merge=evil\n');
      configure(repository, {
        'merge.evil.driver': canary.script,
        'log.diffMerges': 'remerge',
      });
      mergeSide(repository);
    },
    naive: [['log', '-1', '-m', '-p']],
  },
  {
    name: 'tar-command',
    row: 'tar.<format>.command',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, {
        'tar.tgz.command': canary.script,
        'tar.evil.command': canary.script,
      });
    },
    naive: [
      ['archive', '--format=tgz', 'HEAD'],
      ['archive', '--format=evil', 'HEAD'],
    ],
  },
  {
    name: 'man-viewer',
    row: 'man.viewer, man.<viewer>.cmd',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, { 'man.viewer': 'evil', 'man.evil.cmd': canary.script });
    },
    naive: [
      ['log', '--help'],
      ['help', 'status'],
    ],
  },
  {
    name: 'help-browser',
    row: 'help.format=web, browser.<browser>.cmd',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, {
        'help.format': 'web',
        'help.htmlPath': 'http://127.0.0.1:9/',
        'help.browser': 'evil',
        'browser.evil.cmd': canary.script,
      });
    },
    naive: [['log', '--help']],
  },
  {
    name: 'alternate-refs-command',
    row: 'core.alternateRefsCommand',
    bites: 'executes',
    build({ repository, canary }) {
      initialise(join(repository, '.git/alternate'));
      put(repository, '.git/objects/info/alternates', '../alternate/objects\n');
      configure(repository, { 'core.alternateRefsCommand': canary.script });
    },
    naive: [
      ['log', '--alternate-refs'],
      ['rev-list', '--alternate-refs'],
    ],
  },
  {
    name: 'trailer-command',
    row: 'trailer.<token>.command',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, {
        'trailer.sign.key': 'Sign: ',
        'trailer.sign.command': canary.script,
      });
    },
    naive: [['interpret-trailers', 'README.md']],
  },
  {
    name: 'difftool',
    row: 'diff.tool, difftool.<tool>.cmd',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, { 'diff.tool': 'evil', 'difftool.evil.cmd': canary.script });
    },
    naive: [['difftool', '--no-prompt']],
  },
  {
    name: 'recent-objects-hook',
    row: 'gc.recentObjectsHook (commands that write)',
    bites: 'executes',
    since: '2.42',
    build({ repository, canary }) {
      configure(repository, { 'gc.recentObjectsHook': canary.script });
      const gitDirectory = join(repository, '.git');
      const unreachable = writeObject(gitDirectory, 'blob', 'old, and of no use\n');
      utimesSync(objectPath(gitDirectory, unreachable), 1_600_000_000, 1_600_000_000);
    },
    naive: [['prune', '--dry-run', '--expire=1.day.ago']],
  },
  {
    name: 'pager',
    row: 'core.pager, for a terminal',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, { 'core.pager': `${canary.command}; cat` });
    },
    naive: [['log'], ['diff'], ['--paginate', 'status']],
    terminal: true,
  },
  {
    name: 'pager-of-a-command',
    row: 'pager.<command>, for a terminal',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, { 'pager.status': `${canary.command}; cat` });
    },
    naive: [['status']],
    terminal: true,
  },
  {
    name: 'pager-without-a-terminal',
    row: 'core.pager and pager.<command>, for a pipe',
    bites: 'nothing',
    build({ repository, canary }) {
      configure(repository, { 'core.pager': canary.script, 'pager.status': canary.script });
    },
    naive: [['log'], ['status'], ['--paginate', 'log'], ['diff']],
  },
  {
    name: 'alias',
    row: 'alias.<name>',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, { 'alias.recent': `!${canary.script}` });
    },
    naive: [['recent']],
  },
  {
    name: 'alias-of-a-builtin',
    row: 'alias.<command>: commands of git itself come first',
    bites: 'nothing',
    build({ repository, canary }) {
      const commands = ['status', 'log', 'diff', 'show', 'cat-file', 'grep', 'blame'];
      configure(
        repository,
        Object.fromEntries(commands.map((name) => [`alias.${name}`, `!${canary.script}`])),
      );
    },
    naive: [['status'], ['log'], ['diff'], ['show'], ['grep', 'Ordinary'], ['blame', 'README.md']],
  },
  {
    name: 'protected-configuration',
    row: 'uploadpack.packObjectsHook, trace2.*, safe.*: read from protected configuration only',
    bites: 'nothing',
    build({ repository, canary, outside }) {
      configure(repository, {
        'uploadpack.packObjectsHook': canary.script,
        'trace2.eventTarget': join(outside, 'canary'),
        'trace2.normalTarget': join(outside, 'canary'),
        'safe.directory': '*',
        'safe.bareRepository': 'all',
      });
    },
    naive: [['status'], ['log'], ['clone', '--no-local', '--quiet', '.', '.git/copy']],
  },
  {
    name: 'submodule-without-gitmodules',
    row: 'a submodule (gitlink without .gitmodules) with a configuration of its own: core.fsmonitor',
    bites: 'executes',
    build({ repository, canary }) {
      nest(repository);
      configure(join(repository, 'nested'), { 'core.fsmonitor': canary.script });
    },
    naive: [['status'], ['diff'], ['diff', '--submodule=diff', 'HEAD']],
  },
  {
    name: 'submodule-filter',
    row: 'a submodule with a configuration of its own: filter.<driver>.clean',
    bites: 'executes',
    build({ repository, canary }) {
      nest(repository);
      put(repository, 'nested/.git/info/attributes', '* filter=evil\n');
      configure(join(repository, 'nested'), { 'filter.evil.clean': `${canary.command}; cat` });
    },
    naive: [['status'], ['diff']],
  },
  {
    name: 'submodule-update-command',
    row: 'submodule.<name>.update=!command',
    bites: 'executes',
    build({ repository, canary }) {
      nest(repository);
      put(repository, '.gitmodules', '[submodule "nested"]\n\tpath = nested\n\turl = ./nested\n');
      setRef(
        join(repository, 'nested/.git'),
        'refs/heads/main',
        git(repository, ['rev-parse', 'HEAD~1']).trim(),
      );
      configure(repository, {
        'submodule.nested.url': './nested',
        'submodule.nested.active': 'true',
        'submodule.nested.update': `!${canary.script}`,
      });
    },
    naive: [['submodule', 'update', '--no-fetch']],
  },
  {
    name: 'editor',
    row: 'core.editor, sequence.editor (commands that write)',
    bites: 'executes',
    build({ repository, canary }) {
      configure(repository, {
        'core.editor': `${canary.command}; false`,
        'sequence.editor': `${canary.command}; false`,
      });
    },
    naive: [
      ['commit'],
      ['commit', '--amend'],
      ['tag', '-a', 'v2.0'],
      ['branch', '--edit-description'],
      ['config', '--edit'],
      ['rebase', '--interactive', '--autostash', 'HEAD~1'],
    ],
  },
  {
    name: 'collect-garbage',
    row: 'gc.auto and the hook pre-auto-gc (commands that write)',
    bites: 'executes',
    build({ repository, canary }) {
      putScript(repository, '.git/hooks/pre-auto-gc', `${canary.command}; exit 1`);
      configure(repository, { 'gc.auto': '1', 'gc.autoPackLimit': '1', 'gc.autoDetach': 'false' });
      manyObjects(repository);
    },
    naive: [['gc', '--auto']],
  },
];

/** Ends `main` with a merge of the branch that conflicts with it. */
function mergeSide(repository: string): void {
  const [tree = '', main = '', side = ''] = git(repository, [
    'rev-parse',
    'HEAD^{tree}',
    'HEAD',
    'side',
  ]).split('\n');
  const gitDirectory = join(repository, '.git');
  const merge = writeCommit(gitDirectory, { tree, parents: [main, side], message: 'Merge side\n' });
  setRef(gitDirectory, 'refs/heads/main', merge);
}

/** Puts a second repository into the first, which tracks its commit. A file in it changes, not its size. */
function nest(repository: string): void {
  const nested = join(repository, 'nested');
  mkdirSync(nested);
  git(nested, ['clone', '--quiet', '--template=', '--no-local', '..', 'inner']);
  renameSync(join(nested, 'inner/.git'), join(nested, '.git'));
  const head = git(nested, ['rev-parse', 'HEAD']).trim();
  mkdirSync(join(nested, '.git/info'), { recursive: true });
  git(repository, ['update-index', '--add', '--cacheinfo', `160000,${head},nested`]);
  put(repository, 'nested/README.md', README.toUpperCase());
}

/** `gc.auto` estimates: it counts the objects in the directory `17`, and multiplies. */
function manyObjects(repository: string): void {
  for (let turn = 0; turn < 3; turn += 1)
    put(repository, `.git/objects/17/${String(turn).repeat(38)}`, '');
}
