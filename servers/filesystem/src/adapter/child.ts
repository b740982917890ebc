import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { WorkerMessage, WorkerSetup } from './job.ts';
import type { Slot, SlotEvents } from './pool/slot.ts';
import { workerSource } from './worker-source.ts';

/** Starts a process that walks by its working directory. It can be killed, whatever it waits for. */
export function startChild(setup: WorkerSetup, events: SlotEvents): Slot {
  const child = startProcess();
  child.unref();
  child.channel?.unref();
  child.on('message', (message) => events.onMessage(fromChild(message)));
  child.on('error', () => events.onEnd());
  child.on('exit', () => events.onEnd());
  child.send({ ...setup });
  return {
    post: (message) => void child.send({ ...message }),
    // A process that walks hears nothing. Another one takes its place.
    cancel: () => void child.kill('SIGKILL'),
    end: async () => void child.kill('SIGKILL'),
  };
}

/** No inherited stdio, because stdout belongs to the protocol, and no inherited environment. */
function startProcess(): ChildProcess {
  const quiet = { env: {}, serialization: 'advanced' } as const;
  if ('file' in workerSource) {
    return fork(fileURLToPath(workerSource.file), {
      ...quiet,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  }
  const child = spawn(process.execPath, ['-'], {
    ...quiet,
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
  });
  // A child that is killed while it starts takes no more of its source; its end is told by `exit`.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(workerSource.code);
  return child;
}

function fromChild(message: unknown): WorkerMessage {
  if (isWorkerMessage(message)) return message;
  throw new TypeError('a disk worker sent something else');
}

function isWorkerMessage(message: unknown): message is WorkerMessage {
  return typeof message === 'object' && message !== null && 'id' in message && 'kind' in message;
}
