import { filesystem } from '../../servers/filesystem/src/server.ts';
import { REFUSALS as filesystemRefusals } from '../../servers/filesystem/src/guard/index.ts';

/** Every server, by its folder. */
export const servers = { filesystem };
export type ServerFolder = keyof typeof servers;

/** The refusals that each server adds to the common ones. */
export const serverRefusals: Readonly<Record<ServerFolder, Readonly<Record<string, string>>>> = {
  filesystem: filesystemRefusals,
};

export function isServer(folder: string): folder is ServerFolder {
  return Object.hasOwn(servers, folder);
}
