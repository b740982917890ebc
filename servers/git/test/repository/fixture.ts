import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { gitFixtures, type TempDirectory } from '@secure-mcp/testkit';

const { git } = gitFixtures;

/** A text that stands only outside of the root. */
export const SECRET = 'OUTSIDEMARKER';

export interface Ground {
  /** What is served. */
  readonly root: string;
  /** A repository beside it, which nobody serves. */
  readonly outside: string;
  /** Where private directories are made. */
  readonly private: string;
}

/** `root/app` is an ordinary repository with two commits; `outside/app` is another one. */
export function groundIn(temp: TempDirectory): Ground {
  const ground = {
    root: join(temp.path, 'root'),
    outside: join(temp.path, 'outside'),
    private: join(temp.path, 'private'),
  };
  mkdirSync(ground.private);
  buildRepository(join(ground.root, 'app'), 'inside');
  buildRepository(join(ground.outside, 'app'), SECRET);
  return ground;
}

export function buildRepository(directory: string, text: string): void {
  mkdirSync(directory, { recursive: true });
  git(directory, ['init', '--quiet', '--template=']);
  // Otherwise git packs and prunes behind a test's back.
  git(directory, ['config', 'gc.auto', '0']);
  commit(directory, 'a.txt', `${text}\n`, `first ${text}`);
  commit(directory, 'b.txt', `${text}\n`, `second ${text}`);
}

export function commit(directory: string, name: string, text: string, message: string): void {
  appendFileSync(join(directory, name), text);
  git(directory, ['add', '--', name]);
  git(directory, ['commit', '--quiet', '--message', message]);
}

export { git };
