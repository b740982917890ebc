import { readdirSync, readFileSync } from 'node:fs';

import type { Profile } from '../../src/adapter/handle.ts';

/** Processes whose environment names this private directory. */
export function gitsIn({ gitDir }: Profile): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = ids.filter((id) => {
    try {
      return readFileSync(`/proc/${id}/environ`, 'utf8').includes(`GIT_DIR=${gitDir}`);
    } catch {
      return false;
    }
  });
  return found.map(Number);
}
