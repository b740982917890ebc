import type { Name } from './name.ts';
import { textFromName } from './name.ts';
import { type PathGuard, type PathInRoot } from './path.ts';
import { refuse } from './refusals.ts';

export const SCHEME = 'workspace:';
const PREFIX = `${SCHEME}//`;

/**
 * Reads a `workspace://root/steps` URI.
 *
 * Each step is decoded exactly once and then judged. `new URL()` is not used: it folds `..` and keeps
 * `%2f`, so that what was checked is not what is decoded later (CWE-22 by double decoding, CWE-174).
 */
export function parseUri(uri: string, guard: PathGuard): PathInRoot {
  if (!uri.startsWith(PREFIX) || /[?#]/.test(uri))
    refuse('path.refused', { detail: 'not one of our URIs' });
  const [root = '', ...steps] = uri.slice(PREFIX.length).split('/').map(decodeStep);
  return guard.within(
    root,
    steps.filter((step) => step !== ''),
  );
}

/** Writes the URI of a path. */
export function uriOf(root: string, names: readonly Name[]): string {
  return `${PREFIX}${[root, ...names.map(textFromName)].map(encodeURIComponent).join('/')}`;
}

function decodeStep(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return refuse('path.invalid', { hint: 'A percent sign must begin an escape.' });
  }
}
