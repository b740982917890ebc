import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

import type { ServerCommand } from './clients.ts';
import type { Ended } from './run-once.ts';

/** A server on a network, in a process of its own. */
export interface HttpProcess {
  /** Where it says that it serves. */
  readonly url: URL;
  readonly pid: number;
  /** Everything that it wrote to stderr so far. */
  stderr(): string;
  /** What anybody on the machine can see of it: its arguments. Empty where the system does not tell. */
  commandLine(): string;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Ends it, however it is. */
  close(): Promise<void>;
}

const START_MS = 30_000;
const SERVING = /^serving (\S+)$/m;
/** How often another port is tried, where somebody was faster. */
const TRIES = 3;

/** Starts a server and waits until it serves. Rejects with what it said when it ends instead. */
export async function startHttpProcess(command: ServerCommand): Promise<HttpProcess> {
  const started = start(command);
  const { child, stderr, ended } = started;
  const { promise: serving, resolve } = Promise.withResolvers<string>();
  const look = (): void => {
    const [, url] = SERVING.exec(stderr()) ?? [];
    if (url !== undefined) resolve(url);
  };
  child.stderr?.on('data', look);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const url = await Promise.race([serving, ended.then(() => undefined)]);
  clearTimeout(timer);
  if (url === undefined) throw new Error(`it does not serve: ${stderr()}`);
  const { pid = 0 } = child;
  return {
    url: new URL(url),
    pid,
    stderr,
    commandLine: () => read(`/proc/${String(pid)}/cmdline`),
    signal: (name) => void child.kill(name),
    ended,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Starts a server that has to know its port before it listens, because its URL is what tokens name.
 * A port that was free a moment ago can be somebody else's now.
 */
export async function startOnFreePort(
  commandFor: (port: number) => ServerCommand,
): Promise<HttpProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startHttpProcess(commandFor(await freePort()));
    } catch (error) {
      if (tries === TRIES || !String(error).includes('is in use')) throw error;
    }
  }
}

/** Runs a command of a server to its end. Others go on meanwhile, unlike with `runOnce`. */
export async function runToEnd(command: ServerCommand): Promise<Ended> {
  const { child, stderr, ended } = start(command);
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => void said.push(chunk));
  // A server that serves against all expectation would do so for ever.
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  child.stderr?.on('data', () => {
    if (SERVING.test(stderr())) child.kill('SIGKILL');
  });
  const end = await ended;
  clearTimeout(timer);
  return {
    status: typeof end === 'number' ? end : null,
    stdout: Buffer.concat(said).toString('utf8'),
    stderr: stderr(),
  };
}

function start({ command, args, env }: ServerCommand) {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(env !== undefined && { env: { ...env } }),
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // Not `exit`: what it wrote last may still be on its way then.
  const ended = once(child, 'close').then(([code, signal]: unknown[]) =>
    typeof code === 'number' ? code : String(signal),
  );
  return { child, stderr: () => text, ended };
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
