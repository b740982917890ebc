import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { dockerSays, spentIn } from '@secure-mcp/testkit/containers';

/** A container that a client started, by the name that it was given. */
export interface Inside {
  /** Runs a line of JavaScript in it, and gives what it prints. */
  run(code: string): Promise<string>;
  /** Starts some in it, which runs until it is released. Resolves when it has printed its first line. */
  hold(code: string): Promise<Held>;
  /** How often the kernel ended one of its processes for want of memory. */
  killedForMemory(): Promise<number>;
  /** How often a process or a thread was not made because there were too many. */
  refusedForNumber(): Promise<number>;
  /** Names beneath its directory for temporary files. */
  temporary(): Promise<readonly string[]>;
}

/** A process in a container that goes on. */
interface Held {
  /** All that it printed. */
  said(): string;
  /** Ends its input, which is for it to end, and waits until it has. */
  release(): Promise<void>;
}

/** The control groups of both versions (cgroups(7)). */
const REFUSALS = String.raw`
  const { readFileSync, existsSync } = require('node:fs');
  const files = ['/sys/fs/cgroup/pids.events', '/sys/fs/cgroup/pids/pids.events'];
  console.log(/max (\d+)/.exec(readFileSync(files.find(existsSync), 'utf8'))[1]);`;
const NAMES = "console.log(JSON.stringify(require('node:fs').readdirSync('/tmp')))";

async function holdIn(name: string, code: string): Promise<Held> {
  const args = ['exec', '--interactive', name, '/usr/local/bin/node', '-e', code];
  const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'close');
  let said = '';
  child.stdout.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  await Promise.race([once(child.stdout, 'data'), gone]);
  return {
    said: () => said,
    async release() {
      child.stdin.end();
      await gone;
    },
  };
}

export function inside(name: string): Inside {
  const run = (code: string): Promise<string> =>
    dockerSays('exec', name, '/usr/local/bin/node', '-e', code);
  return {
    run,
    hold: (code) => holdIn(name, code),
    killedForMemory: async () => (await spentIn(name)).killed,
    refusedForNumber: async () => Number(await run(REFUSALS)),
    temporary: async () => JSON.parse(await run(NAMES)),
  };
}
