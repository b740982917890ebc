import { hardenedOptions, SECCOMP_FILE } from '../../packages/testkit/src/containers/hardened.ts';
import type { ServerFolder } from './servers.ts';

/** How one server is run by a client, in its container. */
interface Launch {
  /** What the client calls it. */
  readonly name: string;
  /** What only this server is started with: its network and what it sees of this machine. */
  readonly options: readonly string[];
  readonly args: readonly string[];
}

/** A client starts no shell, so every path is written out. */
const HOME = '/home/you';
const PROFILE = `${HOME}/secure-mcp/docker/seccomp.json`;

const LAUNCHES: Readonly<Record<ServerFolder, Launch>> = {
  filesystem: {
    name: 'files',
    options: ['--network=none', readOnly(`${HOME}/projects/app`, '/projects/app')],
    args: ['/projects/app'],
  },
  git: {
    name: 'repositories',
    options: ['--network=none', readOnly(`${HOME}/projects/app`, '/projects/app')],
    args: ['/projects/app'],
  },
  postgres: {
    name: 'shop',
    options: ['--network=shop', readOnly(`${HOME}/.config/shop.url`, '/run/secrets/url')],
    args: ['--dsn-file', '/run/secrets/url', '--schema', 'app'],
  },
};

/** The lines that make each client run a server in its container, hardened as the tests run it. */
export function containerConfigs(server: ServerFolder): string {
  const { name } = LAUNCHES[server];
  const entry = { command: 'docker', args: wordsFor(server, '--user=1000:1000') };
  const words = wordsFor(server, '--user="$(id -u):$(id -g)"');
  return [
    'Claude Code:',
    fenced('sh', `claude mcp add ${name} -- docker ${words.join(' \\\n  ')}`),
    'Claude Desktop (`claude_desktop_config.json`) and Cursor (`.cursor/mcp.json`):',
    fenced('json', JSON.stringify({ mcpServers: { [name]: entry } })),
    'VS Code (`.vscode/mcp.json`):',
    fenced('json', JSON.stringify({ servers: { [name]: { type: 'stdio', ...entry } } })),
  ].join('\n\n');
}

function wordsFor(server: ServerFolder, user: string): readonly string[] {
  const { options, args } = LAUNCHES[server];
  const hardened = hardenedOptions({ tmp: server === 'git' }).map((option) =>
    option.replace(SECCOMP_FILE, PROFILE),
  );
  return ['run', '--interactive', '--rm', ...hardened, user, ...options, image(server), ...args];
}

function image(server: ServerFolder): string {
  return `secure-mcp-${server}`;
}

function readOnly(from: string, to: string): string {
  return `--mount=type=bind,source=${from},target=${to},readonly`;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
