import { Worker } from 'node:worker_threads';

import type { WorkerMessage, WorkerSetup } from './job.ts';
import type { Slot, SlotEvents } from './pool/slot.ts';
import { workerSource } from './worker-source.ts';

/** What a disk thread is started with. */
export interface ThreadData {
  readonly setup: WorkerSetup;
  /** The id of the job that is cancelled: written by the server, read while the job runs. */
  readonly cancelled: Int32Array;
}

/**
 * What one thread may use, in MiB. A job that wants more ends its thread, never the server; the
 * largest job that the limits allow stays well below it.
 */
const RESOURCES = { maxOldGenerationSizeMb: 52, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 };

/** Starts a thread that walks by descriptors. Threads share the process's open roots. */
export function startThread(setup: WorkerSetup, events: SlotEvents): Slot {
  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ThreadData = { setup, cancelled };
  // No environment: whatever secret stands in it is none of a file reader's business.
  // No stdout of ours, either: it belongs to the protocol, and a line that is printed there breaks it.
  const options = { workerData, resourceLimits: RESOURCES, env: {}, stdout: true, stderr: true };
  const worker =
    'file' in workerSource
      ? new Worker(workerSource.file, options)
      : new Worker(workerSource.code, { ...options, eval: true });
  worker.unref();
  worker.on('message', (message: WorkerMessage) => events.onMessage(message));
  worker.on('error', () => events.onEnd());
  worker.on('exit', () => events.onEnd());
  return {
    post: (message) => worker.postMessage(message),
    cancel: (id) => void Atomics.store(cancelled, 0, id),
    end: async () => void (await worker.terminate()),
  };
}
