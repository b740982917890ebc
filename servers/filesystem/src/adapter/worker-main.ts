/** The first file of a disk worker, in a thread or in a process of its own. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import type { JobMessage, WorkerMessage, WorkerSetup } from './job.ts';
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
    send: (message) => port.postMessage(message, buffersOf(message)),
    isCancelled: (id) => Atomics.load(cancelled, 0) === id,
  });
}

/** Bytes of a file go over without a copy. */
function buffersOf(message: WorkerMessage): ArrayBuffer[] {
  if (message.kind !== 'done' || message.result.kind !== 'read') return [];
  return message.result.files.flatMap((file) =>
    file.kind === 'media' && file.data.length > 65536 && file.data.buffer instanceof ArrayBuffer
      ? [file.data.buffer]
      : [],
  );
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
