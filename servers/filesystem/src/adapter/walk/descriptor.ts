import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  type PathLike,
  readlinkSync,
  statfsSync,
} from 'node:fs';

import { isAscii, type Name, nameFromDisk } from '../../guard/index.ts';
import { type Directory, fileFound, type Found, missing } from './directory.ts';
import { isKernelType } from './kernel-types.ts';

/**
 * The descriptor walk of Linux: openat(2), spelled for a runtime that lacks it.
 *
 * `/proc/self/fd/7/name` is resolved by the kernel from the directory that descriptor 7 holds, not
 * from the path that once led to it. Each step opens one name with O_NOFOLLOW beneath a directory
 * that is already open, so renaming and swapping above it change nothing.
 */

/** Opens a place in the tree without reading it; Node passes the number through (fcntl.h). */
export const O_PATH = 0o10_000_000;
const { O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants;
/** O_NONBLOCK: a pipe that was swapped in must not hold the thread until someone writes. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** The directory behind an open root descriptor. It belongs to the process and is not closed here. */
export function descriptorRoot(descriptor: number): Directory {
  const { dev, ino } = fstatSync(descriptor);
  return createDirectory({ descriptor, names: [], dev, ino, close: () => undefined });
}

interface Held {
  readonly descriptor: number;
  readonly names: readonly Name[];
  readonly dev: number;
  readonly ino: number;
  readonly close: () => void;
}

function createDirectory({ descriptor, names, dev, ino, close }: Held): Directory {
  const prefix = `/proc/self/fd/${String(descriptor)}`;
  const directory: Directory = {
    names,
    identity: `${String(dev)}:${String(ino)}`,
    at: (name) => pathOf(prefix, name),
    here: () => prefix,
    close,
    look(name) {
      let found: number;
      try {
        found = openSync(directory.at(name), O_PATH | O_NOFOLLOW);
      } catch (error) {
        return missing(error);
      }
      return identify(found, name, directory, dev);
    },
    openFile(name) {
      try {
        return openedFile(openSync(directory.at(name), READ));
      } catch (error) {
        return missing(error);
      }
    },
  };
  return directory;
}

/** Says what an O_PATH descriptor holds. It keeps directories, turns files into readable descriptors, closes the rest. */
function identify(descriptor: number, name: Name, parent: Directory, parentDev: number): Found {
  const stats = fstatSync(descriptor);
  const { dev, ino } = stats;
  const self = `/proc/self/fd/${String(descriptor)}`;
  let keep = false;
  try {
    if (stats.isDirectory()) {
      if (dev !== parentDev && isKernelType(statfsSync(self, { bigint: true })))
        return { kind: 'special' };
      keep = true;
      const names = [...parent.names, name];
      const close = (): void => closeSync(descriptor);
      return {
        kind: 'directory',
        directory: createDirectory({ descriptor, names, dev, ino, close }),
      };
    }
    if (stats.isSymbolicLink()) {
      return { kind: 'link', target: nameFromDisk(readlinkSync(parent.at(name), 'latin1')) };
    }
    // The descriptor pins the inode, so this opens the file that was just looked at. Opening a
    // device by its name could already act on it; that never happens.
    return stats.isFile()
      ? openedFile(openSync(self, O_RDONLY | O_NONBLOCK | O_NOCTTY))
      : { kind: 'special' };
  } catch (error) {
    return missing(error);
  } finally {
    if (!keep) closeSync(descriptor);
  }
}

function openedFile(descriptor: number): Found {
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return fileFound(descriptor, stats);
  closeSync(descriptor);
  return { kind: 'special' };
}

/** A string would be encoded as UTF-8; a name that is no ASCII goes to the kernel as its own bytes. */
function pathOf(prefix: string, name: Name): PathLike {
  const path = `${prefix}/${name}`;
  return isAscii(name) ? path : Buffer.from(path, 'latin1');
}
