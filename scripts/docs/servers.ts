import { lockSurface, type ToolsLock } from '@secure-mcp/runtime';

import { REFUSALS as gitRefusals } from '../../servers/git/src/guard/index.ts';
import { git } from '../../servers/git/src/server.ts';
import { filesystem } from '../../servers/filesystem/src/server.ts';
import { REFUSALS as filesystemRefusals } from '../../servers/filesystem/src/guard/index.ts';
import { REFUSALS as postgresRefusals } from '../../servers/postgres/src/guard/index.ts';
import { postgres } from '../../servers/postgres/src/server.ts';

/** Every server, by its folder. */
export const servers = { filesystem, postgres, git };
export type ServerFolder = keyof typeof servers;

/** What each server tells a model, from its sources. */
export const locks: Readonly<Record<ServerFolder, ToolsLock>> = {
  filesystem: lockSurface(filesystem),
  postgres: lockSurface(postgres),
  git: lockSurface(git),
};

/** The refusals that each server adds to the common ones. */
export const serverRefusals: Readonly<Record<ServerFolder, Readonly<Record<string, string>>>> = {
  filesystem: filesystemRefusals,
  postgres: postgresRefusals,
  git: gitRefusals,
};

export function isServer(folder: string): folder is ServerFolder {
  return Object.hasOwn(servers, folder);
}
