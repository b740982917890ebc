import type { simpleGit as SimpleGit } from 'simple-git';

/**
 * Loads simple-git at the first command: the start of the server does not pay for it.
 *
 * Its logger, `debug`, reads DEBUG when it is loaded and then prints each command with its environment
 * and output on stderr, past our own logger and its redaction; so there is no DEBUG in that moment.
 */
export async function loadSimpleGit(): Promise<typeof SimpleGit> {
  const { env } = process;
  const debug = env['DEBUG'];
  delete env['DEBUG'];
  try {
    const { simpleGit } = await import('simple-git');
    return simpleGit;
  } finally {
    if (debug !== undefined) env['DEBUG'] = debug;
  }
}
