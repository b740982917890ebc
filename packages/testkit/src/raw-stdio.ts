import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import type { ServerCommand } from './clients.ts';

/** A message as it stood on the wire. */
export interface WireMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A server's stdio without any SDK between: for bytes that no client would send. */
export interface RawStdio {
  readonly process: ChildProcess;
  /** Writes bytes as they are. */
  write(bytes: string | Uint8Array): void;
  /** Writes one message as a line. */
  send(message: unknown): void;
  /** Waits until a message fits. */
  next(fits: (message: WireMessage) => boolean, timeoutMs?: number): Promise<WireMessage>;
  /** Sends a request and waits for its answer. */
  ask(
    id: string | number,
    method: string,
    params?: object,
    timeoutMs?: number,
  ): Promise<WireMessage>;
  /** Goes through a 2025-era handshake. */
  initialize(): Promise<WireMessage>;
  readonly received: readonly WireMessage[];
  stderr(): string;
  /** Ends stdin and waits for the process. */
  end(): Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(): Promise<void>;
}

const ANSWER_MS = 10_000;

/** Starts a server and talks to it in lines. */
export function startRaw({ command, args, env }: ServerCommand): RawStdio {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(env !== undefined && { env: { ...env } }),
  });
  const received: WireMessage[] = [];
  const waiting = new Set<() => void>();
  const errors: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) received.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  child.stderr.on('data', (chunk: Buffer) => void errors.push(chunk.toString()));
  // A server that has ended takes no more bytes; a test looks at how it ended instead.
  child.stdin.on('error', () => undefined);
  // Not `exit`: what the process wrote last may still be on its way then.
  const exited = once(child, 'close');

  const raw: RawStdio = {
    process: child,
    received,
    stderr: () => errors.join(''),
    write: (bytes) => void child.stdin.write(bytes),
    send: (message) => raw.write(`${JSON.stringify(message)}\n`),
    async next(fits, timeoutMs = ANSWER_MS) {
      const { promise, resolve, reject } = Promise.withResolvers<WireMessage>();
      const look = (): void => {
        const found = received.find(fits);
        if (found !== undefined) resolve(found);
      };
      const timer = setTimeout(
        () => reject(new Error(`no answer within ${String(timeoutMs)} ms`)),
        timeoutMs,
      );
      waiting.add(look);
      look();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(look);
      }
    },
    ask(id, method, params = {}, timeoutMs = ANSWER_MS) {
      raw.send({ jsonrpc: '2.0', id, method, params });
      return raw.next((message) => message.id === id && message.method === undefined, timeoutMs);
    },
    async initialize() {
      const answer = await raw.ask('initialize', 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'raw', version: '1' },
      });
      raw.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      return answer;
    },
    async end() {
      child.stdin.end();
      const [code, signal] = await exited;
      return { code, signal };
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
  return raw;
}
