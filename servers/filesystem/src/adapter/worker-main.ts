/** The first file of a disk worker, in a thread or in a process of its own. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import type { JobMessage, WorkerSetup } from './job.ts';
import type { ThreadData } from './thread.ts';
import { serveJobs } from './worker.ts';

if (parentPort === null) serveProcess();
else serveThread(parentPort);

function serveThread(port: MessagePort): void {
  const data: unknown = workerData;
  if (!isThreadData(data)) throw new TypeError('not started as a disk worker');
  const { setup, cancelled } = data;
  serveJobs(setup, {
    onJob: (handle) => port.on('message', (message: JobMessage) => handle(message)),
    send: (message) => port.postMessage(message),
    isCancelled: (id) => Atomics.load(cancelled, 0) === id,
  });
}

function serveProcess(): void {
  process.on('disconnect', () => process.exit(0));
  process.once('message', (setup: WorkerSetup) => {
    serveJobs(setup, {
      onJob: (handle) => process.on('message', (message: JobMessage) => handle(message)),
      send: (message) => void process.send?.(message),
      // A process is killed to be stopped.
      isCancelled: () => false,
    });
  });
}

function isThreadData(data: unknown): data is ThreadData {
  return typeof data === 'object' && data !== null && 'setup' in data && 'cancelled' in data;
}
