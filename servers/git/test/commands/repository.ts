import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { makeTemp, treeDigest } from '@secure-mcp/testkit';

import { type Oid, parseOid, type TreePath, treePathFromBytes } from '../../src/guard/index.ts';
import { groundOf, type TestHandle } from './handle.ts';

/** A real repository, plain git beside it, and the handle that is tested on it. */
export interface TestRepository {
  readonly path: string;
  /** Runs plain git; its output as a binary string. Throws when git fails. */
  git(...args: string[]): string;
  /** The same for commands that may fail, with standard input. */
  run(
    args: readonly string[],
    input?: string | Buffer,
  ): { readonly code: number; readonly out: string };
  /** Writes a file; its name is a binary string. */
  write(name: string, content: string | Buffer): void;
  oid(revision: string): Oid;
  /** A new handle: one call of a client. */
  handle(): Promise<TestHandle>;
  /** Of everything beneath `.git`: contents, modes, times. */
  digest(): string;
  remove(): Promise<void>;
}

/** Commits of these repositories are made at one moment after the other, so that their order is known. */
let clock = 1_700_000_000;

export function makeRepository(format: 'sha1' | 'sha256' = 'sha1'): TestRepository {
  const temp = makeTemp();
  const path = join(temp.path, 'repository');
  const run = (args: readonly string[], input: string | Buffer = '') => {
    clock += 60;
    const date = `${String(clock)} +0130`;
    const { status, stdout, stderr } = spawnSync('git', [...args], {
      cwd: path,
      input,
      maxBuffer: 2 ** 30,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: temp.path,
        GIT_CONFIG_NOSYSTEM: '1',
        LC_ALL: 'C',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.org',
        GIT_COMMITTER_NAME: 'Carl',
        GIT_COMMITTER_EMAIL: 'carl@example.org',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
      },
    });
    return { code: status ?? -1, out: stdout.toString('latin1'), errors: stderr.toString() };
  };
  const git = (...args: string[]): string => {
    const { code, out, errors } = run(args);
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${errors}`);
    return out;
  };
  mkdirSync(path);
  git('init', '--quiet', '--initial-branch=main', `--object-format=${format}`);
  // Otherwise git packs and prunes behind a test's back.
  git('config', 'gc.auto', '0');
  const ground = groundOf(path);
  return {
    path,
    git,
    run,
    write(name, content) {
      const file = Buffer.from(join(path, name), 'latin1');
      mkdirSync(Buffer.from(dirname(join(path, name)), 'latin1'), { recursive: true });
      writeFileSync(file, content);
    },
    oid(revision) {
      const oid = parseOid(git('rev-parse', '--verify', revision).trim());
      if (oid === undefined) throw new Error(`no ${revision}`);
      return oid;
    },
    handle: () => ground.open(),
    digest: () => treeDigest(join(path, '.git')),
    async remove() {
      await ground.close();
      temp.remove();
    },
  };
}

/** A path of a test, as bytes. */
export function treePathOf(bytes: string): TreePath {
  const path = treePathFromBytes(bytes);
  if (path === undefined) throw new Error('no path');
  return path;
}
