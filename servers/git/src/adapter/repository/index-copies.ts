import { rmSync } from 'node:fs';

/** Copies of one index, each of which stays for as long as somebody reads it. */
export interface IndexCopies {
  /** Makes this one the newest; the one before it goes, once nobody holds it. */
  renew(file: string): void;
  /** Keeps a copy until the answer is called. A copy that is taken away reads as an empty index. */
  hold(file: string): () => void;
}

export function createIndexCopies(): IndexCopies {
  const holders = new Map<string, number>();
  let newest: string | undefined;

  const forgetUnheld = (file: string | undefined): void => {
    if (file === undefined || file === newest || holders.has(file)) return;
    // A copy that was broken off, and the lock of a git that was killed while it refreshed the copy.
    for (const end of ['', '.new', '.lock']) rmSync(`${file}${end}`, { force: true });
  };

  return {
    renew(file) {
      const before = newest;
      newest = file;
      forgetUnheld(before);
    },
    hold(file) {
      holders.set(file, (holders.get(file) ?? 0) + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = (holders.get(file) ?? 0) - 1;
        if (left > 0) holders.set(file, left);
        else holders.delete(file);
        forgetUnheld(file);
      };
    },
  };
}
