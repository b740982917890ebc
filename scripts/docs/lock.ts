import { lockSurface } from '@secure-mcp/runtime';

import { servers } from './servers.ts';

/** `tools.lock.json` of each server, from its sources. The diff is what a reviewer reads. */
export function lockFiles(): readonly (readonly [file: string, text: string])[] {
  return Object.entries(servers).map(([folder, { instructions, tools, resources, prompts }]) => {
    const lock = lockSurface({ instructions, tools, resources, prompts });
    return [`servers/${folder}/tools.lock.json`, `${JSON.stringify(lock, undefined, 2)}\n`];
  });
}
