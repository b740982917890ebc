import { type FSWatcher, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How often files are looked at, in milliseconds: a change is noticed within a second without any event. */
const POLL_MS = 500;
/** How long after an event, so that many become one look and whoever writes can finish. */
const SETTLE_MS = 50;

/** Calls whoever wants to look at files when they may have changed. */
export interface Notice {
  /** Watches the directories in which the files now are. */
  follow(paths: readonly string[]): Promise<void>;
  close(): void;
}

/**
 * Notices changes by events and by looking again and again. Events come at once, but not from every
 * file system, not after the directory itself was replaced, and not once the system's watches are
 * used up. The directories are watched, not the files: a rename puts another file in the place.
 * Nothing here keeps the process alive.
 */
export function noticeChanges(look: () => void): Notice {
  let watchers: readonly FSWatcher[] = [];
  let settling: NodeJS.Timeout | undefined;
  let closed = false;
  const poll = setInterval(look, POLL_MS).unref();

  const onEvent = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      look();
    }, SETTLE_MS).unref();
  };
  const stop = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  return {
    async follow(paths) {
      const found = await Promise.all(paths.map(directoriesOf));
      stop();
      if (!closed) watchers = [...new Set(found.flat())].flatMap((path) => watchOne(path, onEvent));
    },
    close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(settling);
      stop();
    },
  };
}

/** Where the name stands, and where the file stands that a link leads to. */
async function directoriesOf(path: string): Promise<string[]> {
  try {
    return [dirname(path), dirname(await realpath(path))];
  } catch {
    return [dirname(path)];
  }
}

function watchOne(directory: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: false }, onEvent);
    // A directory that is gone: the poll notices when it is there again.
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
