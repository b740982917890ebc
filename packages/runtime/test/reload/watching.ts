import { setTimeout as wait } from 'node:timers/promises';

import { ConfigurationProblem } from '../../src/config/problem.ts';
import { watchFiles } from '../../src/reload/watch-files.ts';
import type { Watched } from '../../src/reload/watched.ts';

/** The promise is one second; a loaded machine gets more, and a change that nobody notices never comes. */
const PATIENCE_MS = 15_000;

/** Resolves once a condition holds; otherwise it says what did not come true. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const start = performance.now(); !isTrue();) {
    if (performance.now() - start > PATIENCE_MS) throw new Error(`never: ${what}`);
    await wait(10);
  }
}

/** What a watched value told of itself. */
export interface Watching {
  readonly watched: Watched<string>;
  readonly reloaded: string[];
  readonly failed: string[];
}

/** A text in files, joined. It is valid when each begins with `ok`. */
export async function watchTexts(
  paths: readonly string[],
  secretPaths: readonly string[] = [],
): Promise<Watching> {
  const reloaded: string[] = [];
  const failed: string[] = [];
  const watched = await watchFiles<string>({
    what: '--policy',
    paths,
    secretPaths,
    parse(contents) {
      const texts = contents.map((content) => Buffer.from(content).toString());
      if (!texts.every((text) => text.startsWith('ok')))
        throw new ConfigurationProblem('--policy', 'has to begin with ok');
      return texts.join('|');
    },
    onReloaded: (what) => reloaded.push(what),
    onFailed: (_, reason) => failed.push(reason),
  });
  return { watched, reloaded, failed };
}
