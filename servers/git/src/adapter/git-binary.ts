import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import { refuse } from '../guard/refusals.ts';
import { type GitVersion, isTooOld, parseGitVersion } from '../guard/version.ts';
import { ENVIRONMENT } from '../policy.ts';

/** The names under which git is installed. */
const NAMES = process.platform === 'win32' ? ['git.exe'] : ['git'];

/**
 * Finds git once, so that a later change of PATH puts no other program in its place: the operator's
 * file, or the first on the absolute entries of PATH. An empty or a relative entry means the working
 * directory, where a repository's own `git` could lie.
 *
 * @returns a real path, or undefined when there is no such program.
 */
export function findGit(wanted: string | undefined): string | undefined {
  if (wanted !== undefined) return isAbsolute(wanted) ? programAt(wanted) : undefined;
  // oxlint-disable-next-line node/no-process-env -- read once, at the start; no process of git inherits it
  const entries = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => isAbsolute(entry));
  for (const entry of entries) {
    for (const name of NAMES) {
      const found = programAt(join(entry, name));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function programAt(path: string): string | undefined {
  try {
    const real = realpathSync.native(path);
    accessSync(real, constants.X_OK);
    return statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** The git that serves. */
export interface GitBinary {
  /** Asked of git once. Refuses `git.missing` and `git.too_old`. */
  version(): Promise<GitVersion>;
}

export function createGitBinary(path: string): GitBinary {
  let asked: Promise<GitVersion> | undefined;
  const version = async (): Promise<GitVersion> => {
    asked ??= askVersion(path);
    const answer = await asked.catch((error: unknown) => {
      // It can be installed while the server runs.
      asked = undefined;
      throw error;
    });
    return isTooOld(answer) ? refuse('git.too_old') : answer;
  };
  return { version };
}

const VERSION_MS = 10_000;
const VERSION_CHARACTERS_MAX = 1024;

/** One line from a program that the operator chose. It gets no repository, and a directory without one. */
async function askVersion(path: string): Promise<GitVersion> {
  const text = await new Promise<string>((resolve) => {
    const child = spawn(path, ['version'], {
      cwd: '/',
      env: { ...ENVIRONMENT, GIT_DIR: '/dev/null' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: VERSION_MS,
      killSignal: 'SIGKILL',
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      if (printed.length < VERSION_CHARACTERS_MAX) printed += piece;
      else child.kill('SIGKILL');
    });
    child.on('error', () => resolve(''));
    child.on('close', () => resolve(printed));
  });
  return parseGitVersion(text) ?? refuse('git.missing', { detail: 'it does not say its version' });
}
