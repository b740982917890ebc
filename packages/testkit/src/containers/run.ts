import type { ServerCommand } from '../clients.ts';
import { OWNED, type Remover, startRemover } from '../postgres/remover.ts';
import { hardenedOptions } from './hardened.ts';
import { imageOf, type ServerName } from './images.ts';

/** A directory or a file of this machine that a container sees. */
export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly writable?: boolean;
}

export interface RunOptions {
  readonly mounts?: readonly Mount[];
  /** Further options of `docker run`. */
  readonly options?: readonly string[];
  /** The network; none on stdio, where nobody is to be reached. */
  readonly network?: string;
  /** Another image than the server's own. */
  readonly image?: string;
  /** As the engine runs an image that nobody says anything about: what the hardening is measured by. */
  readonly naive?: boolean;
}

/** The containers of a suite. */
export interface Containers {
  /** What each of them carries as a label, for those that are started by other means. */
  readonly label: Readonly<Record<string, string>>;
  /** `docker run -i`: what a client starts that speaks MCP over stdio with a container. */
  server(server: ServerName, how: RunOptions, ...args: readonly string[]): ServerCommand;
  /** Removes all of them, whatever they do. They also go when this process does. */
  close(): Promise<void>;
}

export function openContainers(): Containers {
  const remover: Remover = startRemover();
  return {
    label: { [OWNED]: remover.owner },
    server: (server, how, ...args) => ({
      command: 'docker',
      args: [
        'run',
        '--interactive',
        '--rm',
        `--label=${OWNED}=${remover.owner}`,
        ...(how.naive === true ? [] : hardenedOptions({ tmp: server === 'git' })),
        `--network=${how.network ?? 'none'}`,
        ...(how.mounts ?? []).map(mountOption),
        ...(how.options ?? []),
        how.image ?? imageOf(server),
        ...args,
      ],
    }),
    close: () => remover.remove(),
  };
}

function mountOption({ from, to, writable = false }: Mount): string {
  return `--mount=type=bind,source=${from},target=${to}${writable ? '' : ',readonly'}`;
}
