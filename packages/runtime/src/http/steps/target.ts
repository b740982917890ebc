import { refuseHttp } from '../refusals.ts';

/** A path of plain names. An escape, a `//` or a `..` is another way to write a path, and one way is enough. */
const PATH = /^(?:\/[\w.~-]+)+$|^\/$/;
const STEP_UP = /\/\.{1,2}(?:\/|$)/;

/**
 * Reads the path, which is all that a target may be.
 *
 * A query is refused on every path: tokens are put there (RFC 6750 §2.3), and whatever stands there is
 * in the logs of each proxy and in the history of a browser. An absolute target would name a second
 * host beside `Host` (RFC 9112 §3.2.2).
 */
export function readTarget(url: string | undefined): string {
  const path = url ?? '';
  if (!PATH.test(path) || STEP_UP.test(path)) refuseHttp('http.target', { detail: kindOf(path) });
  return path;
}

/** What is wrong, for the trail. The target itself stays out of it: it may hold a token. */
function kindOf(path: string): string {
  if (!path.startsWith('/')) return 'not a path';
  return path.includes('?') ? 'a query' : 'not in normal form';
}
