import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A server under measurement, spoken to in lines: no client's own cost is in the figures. */
export interface Peer {
  /** Asks and waits; returns milliseconds. */
  ask(method: string, params: object): Promise<number>;
  /** Asks, and does not wait. */
  tell(method: string, params: object): void;
  /** Resident memory, in MiB. */
  memory(): number;
  end(): Promise<void>;
}

const HANDSHAKE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
};

/** Starts a server. */
function startPeer(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Peer {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
  });
  let answered: () => void = () => undefined;
  let rest = '';
  let id = 0;
  let told = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (lines.some((line) => line.includes(`"id":${String(id)}`))) answered();
  });
  return {
    async ask(method, params) {
      id += 1;
      const started = performance.now();
      const answer = new Promise<void>((resolve) => {
        answered = resolve;
      });
      child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      await answer;
      return performance.now() - started;
    },
    tell(method, params) {
      told += 1;
      child.stdin?.write(
        `${JSON.stringify({ jsonrpc: '2.0', id: `told-${String(told)}`, method, params })}\n`,
      );
    },
    memory() {
      const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    async end() {
      const exited = once(child, 'exit');
      child.stdin?.end();
      await exited;
    },
  };
}

/** Starts a server and asks for its tools: what a client waits for. */
export async function coldStart(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const started = performance.now();
  const peer = startPeer(args, env);
  await peer.ask('initialize', HANDSHAKE);
  await peer.ask('tools/list', {});
  const ms = performance.now() - started;
  const mb = peer.memory();
  await peer.end();
  return { ms, mb };
}

/** Starts a server that is ready for calls. */
export async function openPeer(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Peer> {
  const peer = startPeer(args, env);
  await peer.ask('initialize', HANDSHAKE);
  await peer.ask('tools/list', {});
  return peer;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
