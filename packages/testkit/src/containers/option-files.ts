import { execFileSync } from 'node:child_process';

import { dockerSays } from './engine.ts';
import { SERVER_USER } from './hardened.ts';
import { imageOf, type ServerName } from './images.ts';
import { NODE } from './posture.ts';
import type { Containers } from './run.ts';

/**
 * A volume with the files that an operator's options name: keys, certificates, a policy. Servers see it
 * read-only, and it is written from another container, because whoever runs a test may not give a file
 * to root or to the servers' user, and no other owner's file is believed.
 */
export interface OptionFiles {
  /** The container whose volumes a server takes over: `--volumes-from ID:ro`. */
  readonly id: string;
  /** Where the servers see a file. */
  at(name: string): string;
  /** Puts a file there, whole, in the place of what was there. Nobody may write it, and all may read it. */
  put(name: string, content: string): void;
  /** The same for a secret: it belongs to the servers' user, and nobody else may read it. */
  putSecret(name: string, content: string): void;
}

const DIRECTORY = '/run/operator';

/** Lives until it is removed; it is the first process of its container, so no signal ends it. */
const WAIT = 'setInterval(() => {}, 1e9)';

/** Written aside and renamed, so that nobody sees a part of it. */
const PUT = `
  const [, file, owner, mode] = process.argv;
  const aside = file + '.aside';
  fs.writeFileSync(aside, fs.readFileSync(0));
  fs.chownSync(aside, Number(owner), Number(owner));
  fs.chmodSync(aside, Number(mode));
  fs.renameSync(aside, file);
`;

/** Starts the container that holds them. It goes with the others of the suite. */
export async function openOptionFiles(
  { label }: Pick<Containers, 'label'>,
  server: ServerName,
): Promise<OptionFiles> {
  const labels = Object.entries(label).map(([name, value]) => `--label=${name}=${value}`);
  const id = await dockerSays(
    'run',
    '--detach',
    '--rm',
    '--network=none',
    '--user=0:0',
    `--volume=${DIRECTORY}`,
    `--entrypoint=${NODE}`,
    ...labels,
    imageOf(server),
    '--eval',
    WAIT,
  );
  const at = (name: string) => `${DIRECTORY}/${name}`;
  const put = (name: string, content: string, owner: number, mode: number): void => {
    const script = ['exec', '--interactive', id, NODE, '--eval', PUT];
    execFileSync('docker', [...script, at(name), String(owner), String(mode)], {
      input: content,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  };
  return {
    id,
    at,
    put: (name, content) => put(name, content, 0, 0o444),
    putSecret: (name, content) => put(name, content, SERVER_USER, 0o400),
  };
}
