import { locks } from './servers.ts';

/** `tools.lock.json` of each server, from its sources. The diff is what a reviewer reads. */
export function lockFiles(): readonly (readonly [file: string, text: string])[] {
  return Object.entries(locks).map(([folder, lock]) => [
    `servers/${folder}/tools.lock.json`,
    `${JSON.stringify(lock, undefined, 2)}\n`,
  ]);
}
