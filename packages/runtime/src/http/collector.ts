/**
 * V8 shares each collection of young objects among its threads. Of what a request leaves there is so
 * little that waking them costs more than they do: a tenth of the throughput where cores are few.
 */
const ALONE = '--no-parallel-scavenge';

/** Lets the thread that serves collect young objects by itself. */
export function collectAlone(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(ALONE);
}
