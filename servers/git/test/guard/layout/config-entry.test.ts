import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { type ConfigEntry, configText, judgeConfigEntry } from '../../../src/guard/layout/index.ts';
import { emptyRepository, runGit } from '../git.ts';

describe('a setting that is taken over', () => {
  test.each([
    ['core.repositoryformatversion', '1', '1'],
    ['core.filemode', 'FALSE', 'false'],
    ['core.filemode', undefined, 'true'],
    ['core.filemode', '', 'false'],
    ['core.ignorecase', 'yes', 'true'],
    ['core.symlinks', '0', 'false'],
    ['core.autocrlf', 'Input', 'input'],
    ['core.eol', 'crlf', 'crlf'],
    ['core.sparsecheckout', 'on', 'true'],
    ['core.sparsecheckoutcone', 'true', 'true'],
    ['extensions.objectformat', 'sha256', 'sha256'],
    ['extensions.refstorage', 'files', 'files'],
    ['branch.main.remote', 'origin', 'origin'],
    ['branch.main.remote', '.', '.'],
    ['branch.a.b/ü.merge', 'refs/heads/a.b/ü', 'refs/heads/a.b/ü'],
    [
      'remote.origin.fetch',
      '+refs/heads/*:refs/remotes/origin/*',
      '+refs/heads/*:refs/remotes/origin/*',
    ],
    ['remote.origin.fetch', 'refs/heads/a:refs/heads/b', 'refs/heads/a:refs/heads/b'],
  ])('%s %j becomes %j', (key, value, taken) => {
    expect(judgeConfigEntry(key, value)).toMatchObject({ keep: true, entry: { value: taken } });
  });
});

describe('a setting that stays out', () => {
  test.each([
    ['core.filemode', 'maybe'],
    ['core.filemode', 'true\n\tfsmonitor = x'],
    ['core.autocrlf', 'ext'],
    ['core.bare', 'true'],
    ['core.editor.x', 'y'],
    ['core.x.filemode', 'true'],
    ['branch.main.remote', 'ext::sh -c x'],
    ['branch.main.remote', 'https://u:p@h/x'],
    ['branch.main.remote', '-x'],
    ['branch.main.merge', 'main'],
    ['branch.main.merge', 'refs/heads/a\n[core]'],
    ['branch.a\nb.merge', 'refs/heads/a'],
    ['branch.a"]\n[core]\n\tfsmonitor=x.merge', 'refs/heads/a'],
    ['branch.merge', 'refs/heads/a'],
    ['branch.main.pushremote', 'origin'],
    ['remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/x'],
    ['remote.origin.fetch', '+refs/heads/**:refs/x/**'],
    ['remote.origin.fetch', 'refs/heads/a'],
    ['remote.origin.fetch', 'a:b'],
    ['remote.origin.fetch', '^refs/heads/a'],
    ['remote.ext::x.fetch', '+refs/heads/*:refs/remotes/origin/*'],
    ['user.name', 'x'],
    ['constructor', 'x'],
    ['__proto__.x', 'x'],
    ['', undefined],
    ['x', 'y'],
    ['whatever.comes', 'next'],
  ])(verifies('C6.travelling', '%j %j'), (key, value) => {
    expect(judgeConfigEntry(key, value).keep).toBe(false);
  });
});

describe('what plain git would act on', () => {
  test.each([
    ['core.fsmonitor', './x', 'config.fsmonitor', 'executes'],
    ['core.fsmonitor', 'true', 'config.fsmonitor', 'executes'],
    ['core.hookspath', '.hooks', 'config.hooks', 'executes'],
    ['hook.x.command', 'sh', 'config.hooks', 'executes'],
    ['include.path', '../x', 'config.include', 'executes'],
    ['includeif.gitdir:/srv/.path', '../x', 'config.include', 'executes'],
    ['diff.external', 'x', 'config.external-diff', 'executes'],
    ['diff.pdf.command', 'x', 'config.external-diff', 'executes'],
    ['diff.pdf.textconv', 'x', 'config.textconv', 'executes'],
    ['filter.lfs.clean', 'x', 'config.filter', 'executes'],
    ['filter.lfs.smudge', 'x', 'config.filter', 'executes'],
    ['filter.lfs.process', 'x', 'config.filter', 'executes'],
    ['merge.x.driver', 'x', 'config.merge-driver', 'executes'],
    ['gpg.program', 'x', 'config.signature', 'executes'],
    ['gpg.ssh.program', 'x', 'config.signature', 'executes'],
    ['gpg.ssh.defaultkeycommand', 'x', 'config.signature', 'executes'],
    ['log.showsignature', 'true', 'config.signature', 'executes'],
    ['core.sshcommand', 'x', 'config.transport', 'executes'],
    ['core.gitproxy', 'x', 'config.transport', 'executes'],
    ['core.alternaterefscommand', 'x', 'config.transport', 'executes'],
    ['remote.origin.uploadpack', 'x', 'config.transport', 'executes'],
    ['remote.origin.vcs', 'x', 'config.transport', 'executes'],
    ['uploadpack.packobjectshook', 'x', 'config.transport', 'executes'],
    ['credential.helper', '!x', 'config.credential-helper', 'executes'],
    ['credential.https://h.helper', '!x', 'config.credential-helper', 'executes'],
    ['core.askpass', 'x', 'config.credential-helper', 'executes'],
    ['extensions.partialclone', 'origin', 'config.promisor', 'executes'],
    ['remote.origin.promisor', 'true', 'config.promisor', 'executes'],
    ['remote.origin.url', 'ext::sh -c x', 'config.remote-helper', 'executes'],
    ['remote.origin.url', '--upload-pack=x', 'config.remote-helper', 'executes'],
    ['remote.origin.url', 'https://u:p@h/x', 'config.credential-in-url', 'leaks'],
    ['remote.origin.pushurl', 'https://token@h/x', 'config.credential-in-url', 'leaks'],
    ['remote.origin.url', 'ssh://git:p@h/x', 'config.credential-in-url', 'leaks'],
    ['submodule.x.url', 'ext::x', 'config.remote-helper', 'executes'],
    ['submodule.x.update', '!x', 'config.submodule-update', 'executes'],
    ['url.ext::x.insteadof', 'https://', 'config.url-rewrite', 'leaks'],
    ['http.extraheader', 'Authorization: x', 'config.http-header', 'leaks'],
    ['http.https://h/.extraheader', 'x', 'config.http-header', 'leaks'],
    ['http.proxy', 'x', 'config.proxy', 'leaks'],
    ['http.sslverify', 'false', 'config.tls', 'leaks'],
    ['core.pager', 'x', 'config.pager', 'executes'],
    ['pager.log', 'x', 'config.pager', 'executes'],
    ['core.editor', 'x', 'config.editor', 'executes'],
    ['sequence.editor', 'x', 'config.editor', 'executes'],
    ['alias.st', '!x', 'config.alias', 'executes'],
    ['trailer.x.command', 'x', 'config.trailer', 'executes'],
    ['trailer.x.cmd', 'x', 'config.trailer', 'executes'],
    ['tar.tgz.command', 'x', 'config.archive', 'executes'],
    ['man.x.cmd', 'x', 'config.help-viewer', 'executes'],
    ['browser.x.cmd', 'x', 'config.help-viewer', 'executes'],
    ['web.browser', 'x', 'config.help-viewer', 'executes'],
    ['difftool.x.cmd', 'x', 'config.tool', 'executes'],
    ['mergetool.x.path', 'x', 'config.tool', 'executes'],
    ['core.worktree', '/etc', 'config.worktree', 'reads outside'],
    ['core.attributesfile', 'x', 'config.outside-file', 'reads outside'],
    ['core.excludesfile', 'x', 'config.outside-file', 'reads outside'],
    ['mailmap.file', 'x', 'config.outside-file', 'reads outside'],
    ['blame.ignorerevsfile', 'x', 'config.outside-file', 'reads outside'],
    ['diff.orderfile', 'x', 'config.outside-file', 'reads outside'],
    ['status.showuntrackedfiles', 'no', 'config.hidden-changes', 'hides'],
    ['diff.ignoresubmodules', 'all', 'config.hidden-changes', 'hides'],
    ['core.protectntfs', 'false', 'config.protection', 'notes'],
    ['color.ui', 'always', 'config.format', 'breaks'],
  ])('%s %j is told as %s', (key, value, id, severity) => {
    const finding = { id, severity, refuses: false };
    expect(judgeConfigEntry(key, value)).toMatchObject({ keep: false, finding });
  });

  test.each([
    ['core.fsmonitor', 'false'],
    ['core.hookspath', '/dev/null'],
    ['alias.st', 'status'],
    ['remote.origin.url', 'https://h/x'],
    ['remote.origin.url', 'git@h:x'],
    ['remote.origin.url', 'ssh://git@h/x'],
    ['remote.origin.promisor', 'false'],
    ['submodule.x.update', 'merge'],
    ['http.sslverify', 'true'],
    ['log.showsignature', 'false'],
    ['mergetool.keepbackup', 'false'],
    ['user.email', 'a@b'],
    ['core.logallrefupdates', 'true'],
    ['extensions.worktreeconfig', 'true'],
  ])('%s %j is nothing to tell', (key, value) => {
    expect(judgeConfigEntry(key, value)).toEqual({ keep: false, finding: undefined });
  });

  test.each([
    ['core.repositoryformatversion', '2'],
    ['extensions.objectformat', 'md5'],
    ['extensions.compatobjectformat', 'sha256'],
    ['extensions.refstorage', 'other'],
    ['extensions.unheardof', 'true'],
  ])(verifies('C6.travelling', '%s %j closes the repository'), (key, value) => {
    expect(judgeConfigEntry(key, value)).toMatchObject({
      finding: { id: 'config.format-unknown', refuses: true },
    });
  });
});

test(verifies('C6.travelling', 'a finding holds nothing of a value, and no address'), () => {
  for (const key of [
    'url.https://u:SECRET@h/.insteadof',
    'http.https://u:SECRET@h/.extraheader',
    'credential.https://SECRET@h.helper',
    'remote.https://u:SECRET@h/x.uploadpack',
    'diff.SECRET \u202e.command',
    'pager.SECRET\n',
  ]) {
    const verdict = judgeConfigEntry(key, '!SECRET');
    expect(verdict).toMatchObject({ keep: false, finding: { where: expect.any(String) } });
    expect(JSON.stringify(verdict)).not.toContain('SECRET');
  }
  expect(judgeConfigEntry('filter.lfs.clean', 'x')).toMatchObject({
    finding: { where: 'filter.lfs.clean' },
  });
});

describe('our own configuration', () => {
  const repository = emptyRepository();
  afterAll(() => repository.remove());
  const piece = fc.oneof(
    fc.constantFrom('a', 'main', '/', '.', '"', '\\', ']', '[', '\n', '\t'),
    fc.constantFrom('#', ';', '=', ' ', '\r', '$', '`', 'ü'),
  );
  const texts = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));

  test(
    verifies('C6.travelling', 'git reads the settings that were taken over, and no other'),
    () => {
      const entries = fc
        .sample(fc.tuple(texts, texts), 4000)
        .flatMap(([name, value]): readonly ConfigEntry[] => {
          const verdicts = [
            judgeConfigEntry(`branch.${name}.remote`, value),
            judgeConfigEntry(`branch.${name}.merge`, `refs/heads/${value}`),
            judgeConfigEntry(`remote.${name}.fetch`, `+refs/${value}/*:refs/x/*`),
            judgeConfigEntry('core.filemode', value),
          ];
          return verdicts.flatMap((verdict) => (verdict.keep ? [verdict.entry] : []));
        });
      expect(entries.some(({ subsection }) => subsection?.includes('"'))).toBe(true);
      const file = repository.write('config', configText(entries));
      const { out, code } = runGit('/', [
        'config',
        '--file',
        file,
        '--no-includes',
        '-z',
        '--list',
      ]);
      expect(code).toBe(0);
      const read = Buffer.from(out, 'latin1').toString().split('\0').slice(0, -1);
      expect(read).toEqual(
        entries.map(({ section, subsection, name, value }) => {
          const key = subsection === undefined ? section : `${section}.${subsection}`;
          return `${key}.${name}\n${value}`;
        }),
      );
    },
  );
});
