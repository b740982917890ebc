import { ConfigurationProblem } from '../config/problem.ts';
import { holdValue } from './held.ts';
import { noticeChanges } from './notice.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { lookAt, readTogether, type Snapshot } from './read-together.ts';
import type { Watched, WatchOptions } from './watched.ts';

/** A look that takes longer, in milliseconds, stands on a dead mount: what it would say is not known. */
const STUCK_MS = 5000;

/**
 * Makes a value from files, and makes it anew when they change: by rename, in place, or by a link
 * that leads elsewhere. A change counts only whole and valid; whatever else the files hold, the last
 * valid value stays, and `healthy` says so. Rejects with a ConfigurationProblem where the first
 * value cannot be had.
 *
 * Not promised: that a change is valid for the world. That is what `parse` judges, by throwing a
 * ConfigurationProblem, whose words are shown; those of any other error are not, because they quote.
 */
export async function watchFiles<Value>(options: WatchOptions<Value>): Promise<Watched<Value>> {
  const { paths, secretPaths = [] } = options;
  const first = await readTogether(paths, secretPaths);
  const made = await make(options, first);
  if (!made.ok) throw made.problem;

  const held = holdValue({ value: made.value, digest: first.digest }, options);
  let { appearance } = first;
  /** What was made into a value, or failed to be, last. */
  let tried: string | undefined = first.digest;
  let lookingSince: number | undefined;
  let isClosed = false;

  const take = async (snapshot: Snapshot): Promise<void> => {
    const { digest } = snapshot;
    if (isClosed || digest === tried) return;
    tried = digest;
    if (digest === held.digest) return held.settle();
    const next = await make(options, snapshot);
    if (isClosed) return;
    if (next.ok) held.swap(next.value, digest);
    else held.fail(digest, next.reason);
  };
  const look = async (): Promise<void> => {
    lookingSince = performance.now();
    const seen = await lookAt(paths);
    const isSame = seen.stamp === appearance.stamp;
    if (!isSame || seen.isYoung || tried === undefined) {
      const snapshot = await readTogether(paths, secretPaths);
      ({ appearance } = snapshot);
      await take(snapshot);
    }
    if (!isSame) await notice.follow(paths);
    lookingSince = undefined;
  };
  const lookOnce = oneAtATime(look);
  const notice = noticeChanges(() => void lookOnce());
  await notice.follow(paths);

  return {
    get current() {
      return held.current;
    },
    get healthy() {
      const isStuck = lookingSince !== undefined && performance.now() - lookingSince > STUCK_MS;
      return held.healthy && !isStuck;
    },
    onChange: held.onChange,
    reload() {
      // A person asked for it: what failed before is tried again.
      tried = undefined;
      return lookOnce();
    },
    close() {
      isClosed = true;
      notice.close();
      held.close();
    },
  };
}

type Made<Value> =
  | { readonly ok: true; readonly value: Value }
  /** The reason is told with the option that names all of the files. */
  | { readonly ok: false; readonly problem: ConfigurationProblem; readonly reason: string };

async function make<Value>(options: WatchOptions<Value>, snapshot: Snapshot): Promise<Made<Value>> {
  const { what, parse } = options;
  const { contents } = snapshot;
  if (contents === undefined) return failed(what, unread(options, snapshot));
  try {
    return { ok: true, value: await parse(contents) };
  } catch (error) {
    if (error instanceof ConfigurationProblem) return failed(what, error);
    // `JSON.parse` quotes what it could not read, and that may be a key.
    return failed(what, new ConfigurationProblem(what, 'it is not valid'));
  }
}

function failed<Value>(what: string, problem: ConfigurationProblem): Made<Value> {
  const own = `${what}: `;
  const { message } = problem;
  const reason = message.startsWith(own) ? message.slice(own.length) : message;
  return { ok: false, problem, reason };
}

/** Says which file cannot be had. */
function unread<Value>(
  { what, names, paths }: WatchOptions<Value>,
  { reason, at }: Snapshot,
): ConfigurationProblem {
  if (at === undefined) return new ConfigurationProblem(what, reason);
  const isClear = names !== undefined || paths.length === 1;
  const which = isClear ? 'the file' : `file ${String(at + 1)}`;
  return new ConfigurationProblem(names?.[at] ?? what, `${which} ${reason}`);
}
