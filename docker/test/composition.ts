import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { makeTemp } from '@secure-mcp/testkit';
import { imageOf, startRemover } from '@secure-mcp/testkit/containers';

/** The servers on a network, as the file names them. */
export const SERVERS = ['filesystem', 'postgres-server', 'git'] as const;
export type Server = (typeof SERVERS)[number];

/** What runs, beside what ends once it has done its part. */
export const RUNNING = [...SERVERS, 'authorization-server', 'database', 'store'] as const;
export type Service = (typeof RUNNING)[number];

/** `docker/compose.yaml`, up under a name, on ports and with data of its own. */
export interface Composition {
  readonly project: string;
  /** The certificate that a client has to trust, and nothing else: PEM. */
  readonly authority: string;
  readonly issuer: string;
  readonly resources: Readonly<Record<Server, string>>;
  /** What a client starts that speaks MCP over stdio. */
  readonly stdio: (service: string) => {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** Runs a program within a service. Rejects with what it said when it fails. */
  inside(service: Service, ...command: readonly string[]): Promise<string>;
  /** `docker compose … down --volumes`, as the page says. */
  down(): Promise<void>;
  /** Removes what is left, if anything is. */
  close(): Promise<void>;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const FILE = 'docker/compose.yaml';
/** Compose marks with it what belongs to a project. */
const PROJECT = 'com.docker.compose.project';

/** Runs a command of the engine's client to its end, and gives what it wrote. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, { cwd: REPOSITORY });
  return stdout;
}

/** The engine's client has the plugin. */
export async function hasCompose(): Promise<boolean> {
  return docker('compose', 'version').then(
    () => true,
    () => false,
  );
}

/** Starts it by the one command that the page tells of. It goes when this process does. */
export async function startComposition(): Promise<Composition> {
  const temp = makeTemp();
  // Its networks and volumes carry no label but the name of the project.
  const remover = startRemover(PROJECT);
  const project = remover.owner;
  const [issuer = 0, filesystem = 0, postgres = 0, git = 0] = await freePorts(4);
  const env = {
    ...definedOnly(process.env),
    // Images that compose builds carry the name of its project, which what runs from them inherits, and
    // which is what we remove by: no other test may run from these.
    IMAGE_TAG: `${imageOf('filesystem').split(':')[1] ?? ''}-compose`,
    HEALTH_INTERVAL: '2s',
    ISSUER_PORT: String(issuer),
    FILESYSTEM_PORT: String(filesystem),
    POSTGRES_PORT: String(postgres),
    GIT_PORT: String(git),
    ...makeData(temp.path, temp.write),
  };
  const compose = async (...args: readonly string[]): Promise<string> => {
    const all = ['compose', '--project-name', project, '--file', FILE, ...args];
    const { stdout } = await promisify(execFile)('docker', all, { cwd: REPOSITORY, env });
    return stdout;
  };
  const close = async (): Promise<void> => {
    await remover.remove();
    temp.remove();
  };
  try {
    await compose('up', '--build', '--wait');
    await compose('cp', 'filesystem:/secrets/ca.pem', `${temp.path}/ca.pem`);
  } catch (error) {
    const said = await compose('logs', '--tail=20').catch(String);
    await close();
    throw new Error(said, { cause: error });
  }
  const inside: Composition['inside'] = (service, ...command) =>
    compose('exec', '--no-TTY', service, ...command);
  return {
    project,
    authority: readFileSync(`${temp.path}/ca.pem`, 'utf8'),
    issuer: `https://localhost:${String(issuer)}`,
    resources: {
      filesystem: `https://localhost:${String(filesystem)}/mcp`,
      'postgres-server': `https://localhost:${String(postgres)}/mcp`,
      git: `https://localhost:${String(git)}/mcp`,
    },
    stdio: (service) => ({
      command: 'docker',
      args: [
        'compose',
        `--project-name=${project}`,
        `--file=${REPOSITORY}${FILE}`,
        'run',
        '--rm',
        '--interactive',
        '--no-TTY',
        service,
      ],
      env,
    }),
    inside,
    down: () => compose('down', '--volumes').then(() => undefined),
    close,
  };
}

/** A file, and a repository with one commit, for the servers to read. */
function makeData(directory: string, write: (file: string, text: string) => string) {
  const repository = `${directory}/repository`;
  write('files/hello.txt', 'Hello, reader.\n');
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args]);
  };
  git('init', '--quiet', repository);
  git('-C', repository, 'commit', '--quiet', '--allow-empty', '--message', 'Greet the reader');
  return { FILES: `${directory}/files`, REPOSITORY: repository };
}

/** Free a moment ago, and each another one. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => server.address());
  for (const server of servers) server.close();
  return addresses.map((address) => (typeof address === 'object' ? (address?.port ?? 0) : 0));
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
