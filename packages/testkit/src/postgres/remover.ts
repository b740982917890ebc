import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';

/** Containers that carry this go when the process that started them is gone. */
export const OWNED = 'secure-mcp.owned-by';

/** Removes containers, also when nobody is left to say so. */
export interface Remover {
  /** What the containers carry in their label. */
  readonly owner: string;
  /** Removes them, and waits for that. */
  remove(): Promise<void>;
}

/**
 * A process that outlives us on purpose: its standard input is a pipe that only we hold, and that the
 * kernel closes when we are gone, however that came. Then it removes what carries our label.
 * Testcontainers has a container for that purpose, which would be handed the runtime's socket.
 */
export function startRemover(): Remover {
  const owner = randomUUID();
  const script = new URL('./remove-containers.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, owner], {
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
      child.stdin.end();
      const [code] = await gone;
      if (code !== 0) throw new Error(`containers of ${owner} were not removed`);
    },
  };
}
