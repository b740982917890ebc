/** Writes `tools.lock.json` of each server from its sources. The diff is what a reviewer reads. */
import { writeFileSync } from 'node:fs';

import { lockSurface } from '@secure-mcp/runtime';

import { filesystem } from '../servers/filesystem/src/server.ts';

const servers = { filesystem };

for (const [folder, { instructions, tools, resources }] of Object.entries(servers)) {
  const lock = lockSurface({ instructions, tools, resources });
  const file = new URL(`../servers/${folder}/tools.lock.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
