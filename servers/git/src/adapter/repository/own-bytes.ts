import { entriesOf, hostBytes, type HostBytes, hostPath } from './plain-tree.ts';
import { lstatOrNothing } from './stamp.ts';

/** Bytes of the files of a private directory; what is only linked there costs nothing. */
export function ownBytes(directory: string): number {
  let bytes = 0;
  const waiting = [hostBytes(directory)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const found = lookInto(path);
    bytes += found.bytes;
    waiting.push(...found.directories);
  }
  return bytes;
}

/** `store0`: some hundred links to fan-out directories. */
const LINKS_ONLY = /^store\d+$/;

function lookInto(path: HostBytes): {
  readonly bytes: number;
  readonly directories: readonly HostBytes[];
} {
  const directories: HostBytes[] = [];
  let bytes = 0;
  try {
    for (const entry of entriesOf(path)) {
      if (entry.kind === 'file') bytes += Number(lstatOrNothing(hostPath(entry.path))?.size ?? 0);
      if (entry.kind === 'directory' && !LINKS_ONLY.test(entry.name)) directories.push(entry.path);
    }
  } catch {
    // It went away meanwhile.
  }
  return { bytes, directories };
}
