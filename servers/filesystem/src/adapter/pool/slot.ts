import type { JobMessage, WorkerMessage } from '../job.ts';

/** One worker, whatever it runs in. */
export interface Slot {
  post(message: JobMessage): void;
  /** Stops the running job soon. */
  cancel(id: number): void;
  /** Ends the worker, whatever it computes. Only a system call that does not return keeps it. */
  end(): Promise<void>;
}

export interface SlotEvents {
  onMessage(message: WorkerMessage): void;
  /** The worker is gone: it used too much memory, or was killed. */
  onEnd(): void;
}

export type StartSlot = (events: SlotEvents) => Slot;
