import { randomUUID } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import {
  connect,
  makeTemp,
  runToEnd,
  type TempDirectory,
  type TestClient,
} from '@secure-mcp/testkit';
import { type Containers, type Mount, openContainers } from '@secure-mcp/testkit/containers';

/** Stands in the environment of the server's container, and in its own file of users, and nowhere else. */
export const ENVIRON = 'ENVIRONMARKER';
export const PASSWD = 'mcp:x:65532';
/** Stands in files of the shared mount that lie outside the root. */
export const OUTSIDE = 'OUTSIDE';

/** Where the mount is in the containers. */
const SHARED = '/shared';

/** One server in its container, with a root in a mount that it shares with others. */
export interface Shared {
  readonly containers: Containers;
  /** The mount, as this machine has it: `root` is served, `outside` is not. */
  readonly temp: TempDirectory;
  readonly mount: Mount;
  readonly name: string;
  client(): TestClient;
  start(): Promise<void>;
  /** Runs a program of Node's in the server's container, as its user: what a server without guards could do. */
  naively(program: string, ...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export function openShared(): Shared {
  const temp = makeTemp();
  const containers = openContainers();
  const name = `secure-mcp-${randomUUID()}`;
  const mount = { from: join(temp.path, 'shared'), to: SHARED };
  let opened: TestClient | undefined;
  return {
    containers,
    temp,
    mount,
    name,
    client() {
      if (opened === undefined) throw new Error('not open');
      return opened;
    },
    async start() {
      const how = { mounts: [mount], options: [`--name=${name}`, `--env=MARKER=${ENVIRON}`] };
      const options = ['--rate-limit=1000000/1', '--log-level=silent'];
      const server = containers.server('filesystem', how, ...options, `root=${SHARED}/root`);
      opened = await connect('v2 modern', server);
      // With this client nothing has been said yet, and the container may not be there.
      await opened.listTools();
    },
    async naively(program, ...args) {
      const { status, stdout, stderr } = await runToEnd({
        command: 'docker',
        args: [
          'exec',
          `--workdir=${SHARED}/root`,
          name,
          '/usr/local/bin/node',
          '--input-type=module-typescript',
          '--eval',
          program,
          ...args,
        ],
      });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    async close() {
      await opened?.close();
      await containers.close();
      temp.remove();
    },
  };
}

/** A root with links that lead out of it, and what a neighbour exchanges. */
export function writeTree({ temp, mount: { from } }: Shared): void {
  for (const path of ['swap/file.txt', 'swap/deep/file.txt', 'leaf.txt', 'way/through/file.txt'])
    temp.write(`shared/root/${path}`, 'inside');
  for (const path of ['file.txt', 'deep/file.txt', 'through/file.txt', 'OUTSIDE-NAME'])
    temp.write(`shared/outside/${path}`, OUTSIDE);
  const links = {
    'swap-link': '../outside',
    'way-link': '../outside',
    'leaf-link': '/etc/passwd',
    'links/passwd': '/etc/passwd',
    'links/environ': '/proc/self/environ',
    'links/system': '/',
    'links/process': '/proc/1',
    'links/outside': '../../outside',
    'links/chain': 'outside/deep',
  };
  mkdirSync(join(from, 'root/links'));
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(from, 'root', name));
}
