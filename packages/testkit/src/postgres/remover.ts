import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';

/** What carries this, containers, volumes and networks, goes when the process that started it is gone. */
export const OWNED = 'secure-mcp.owned-by';

/** Removes what was started, also when nobody is left to say so. */
export interface Remover {
  /** What the label says. */
  readonly owner: string;
  /** Removes all that carries it, and waits for that. */
  remove(): Promise<void>;
}

/**
 * A process that outlives us on purpose: its standard input is a pipe that only we hold, and that the
 * kernel closes when we are gone, however that came. Then it removes what carries our label.
 * Testcontainers has a container for that purpose, which would be handed the runtime's socket.
 */
export function startRemover(label = OWNED): Remover {
  const owner = randomUUID();
  const script = new URL('./remove-containers.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, `${label}=${owner}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  const gone = once(child, 'exit');
  // This process may end while its remover waits for that.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    owner,
    async remove() {
      child.ref();
      child.stdin.end('now');
      const [code] = await gone;
      if (code !== 0) throw new Error(`what ${label}=${owner} marks was not removed`);
    },
  };
}
