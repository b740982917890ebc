import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createGitBinary, findGit } from '../../src/adapter/git-binary.ts';

let temp: ReturnType<typeof makeTemp>;
const cwd = process.cwd();
beforeEach(() => {
  temp = makeTemp();
});
afterEach(() => {
  process.chdir(cwd);
  vi.unstubAllEnvs();
  temp.remove();
});

/** A program that says a version, and leaves a trace. */
function program(directory: string, version: string): string {
  mkdirSync(join(temp.path, directory), { recursive: true });
  const file = join(temp.path, directory, 'git');
  writeFileSync(file, `#!/bin/sh\nenv > ${temp.path}/env\necho "git version ${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

test('the git of a directory that is worked in is never found', () => {
  program('here', '2.50.1');
  process.chdir(join(temp.path, 'here'));
  for (const path of ['', '.', 'here', `${delimiter}.`]) {
    vi.stubEnv('PATH', path);
    expect(findGit(undefined)).toBeUndefined();
  }
});

test('the first git on the absolute entries of PATH is found, by its real path', () => {
  const file = program('real', '2.50.1');
  mkdirSync(join(temp.path, 'bin'));
  symlinkSync(file, join(temp.path, 'bin', 'git'));
  vi.stubEnv('PATH', [join(temp.path, 'missing'), join(temp.path, 'bin')].join(delimiter));
  expect(findGit(undefined)).toBe(realpathSync(file));
});

test('an operator’s file has to be absolute, and a program', () => {
  const file = program('real', '2.50.1');
  writeFileSync(join(temp.path, 'text'), '');
  expect(findGit(file)).toBe(file);
  expect(findGit('real/git')).toBeUndefined();
  expect(findGit(join(temp.path, 'text'))).toBeUndefined();
  expect(findGit(temp.path)).toBeUndefined();
});

test('versions are asked once, and judged', async () => {
  const fine = createGitBinary(program('fine', '2.50.1'));
  expect(await fine.version()).toEqual({ major: 2, minor: 50, patch: 1 });
  const old = createGitBinary(program('old', '2.38.9'));
  await expect(old.version()).rejects.toMatchObject({ code: 'git.too_old' });
  const silent = createGitBinary(program('silent', 'unknown'));
  await expect(silent.version()).rejects.toMatchObject({ code: 'git.missing' });
  const missing = createGitBinary(join(temp.path, 'nothing'));
  await expect(missing.version()).rejects.toMatchObject({ code: 'git.missing' });
});

test(verifies('C6.travelling', 'git inherits nothing of the environment'), async () => {
  vi.stubEnv('GIT_EXEC_PATH', temp.path);
  vi.stubEnv('SECRET_TOKEN', 'hidden');
  await createGitBinary(program('asked', '2.50.1')).version();

  expect(readFileSync(join(temp.path, 'env'), 'utf8')).not.toMatch(/GIT_EXEC_PATH|SECRET_TOKEN/);
});
