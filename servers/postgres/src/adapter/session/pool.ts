import type { Run } from '../database.ts';
import { refuse } from '../../guard/index.ts';
import { unavailable } from '../errors.ts';
import type { Connection } from './connection.ts';
import { startWatch } from './watch.ts';

/** Calls that may wait for a connection. */
const WAITING_MAX = 64;
/** A connection that nobody needs is given back to the server, in milliseconds. */
const IDLE_MS = 60_000;
/** So that whatever changed at the server or in a credential file is in force after this time, in milliseconds. */
const LIFETIME_MS = 600_000;
/** How long saying goodbye may take until a connection is destroyed, in milliseconds. */
const GOODBYE_MS = 500;
/** How long ending all of them may take, in milliseconds. */
const END_MS = 1000;

interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

type Waiter = PromiseWithResolvers<Connection>;

/** Hands out connections, first come first served. One call has one connection, and no two share one. */
export class Pool {
  readonly #size: number;
  readonly #open: (signal: AbortSignal) => Promise<Connection>;
  readonly #halt = new AbortController();
  readonly #live = new Set<Connection>();
  readonly #opening = new Set<Promise<void>>();
  #idle: Idle[] = [];
  #waiting: Waiter[] = [];

  constructor(size: number, open: (signal: AbortSignal) => Promise<Connection>) {
    this.#size = size;
    this.#open = open;
  }

  /** Lends a connection for one piece of work. What comes back broken is not lent again. */
  async lend<Result>(run: Run, work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = await this.#take(run);
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Ends every connection. False when one did not let go in time. */
  async close(): Promise<boolean> {
    this.#halt.abort(unavailable());
    for (const waiter of this.#waiting.splice(0)) waiter.reject(unavailable());
    for (const { timer } of this.#idle) clearTimeout(timer);
    const resting = new Set(this.#idle.map(({ connection }) => connection));
    const ends = Array.from(this.#live, (connection) =>
      resting.has(connection) ? endOf(connection) : stop(connection),
    );
    const late = new Promise<'late'>((resolve) => {
      setTimeout(resolve, END_MS, 'late').unref();
    });
    const inTime =
      (await Promise.race([Promise.all([...ends, ...this.#opening]), late])) !== 'late';
    for (const connection of this.#live) connection.destroy();
    return inTime;
  }

  async #take(run: Run): Promise<Connection> {
    this.#halt.signal.throwIfAborted();
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#waiting.length >= WAITING_MAX)
      refuse('database.unavailable', { hint: 'All connections are in use.', retryAfterMs: 1000 });
    const waiter = Promise.withResolvers<Connection>();
    const watch = startWatch(run);
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      waiter.reject(watch.signal.reason);
    };
    try {
      watch.signal.throwIfAborted();
      watch.signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
      this.#fill();
      return await waiter.promise;
    } finally {
      watch.end();
    }
  }

  /** The one that was used last: the others come to their rest. What has ended meanwhile is found out here. */
  #takeIdle(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      const { connection } = idle;
      if (connection.isAlive && !isOld(connection)) {
        connection.wake();
        return connection;
      }
      this.#drop(connection);
    }
    return undefined;
  }

  /** Opens as many connections as there are calls waiting, within the size. */
  #fill(): void {
    while (
      this.#waiting.length > this.#opening.size &&
      this.#live.size + this.#opening.size < this.#size
    ) {
      const opening: Promise<void> = this.#openOne().finally(() => {
        this.#opening.delete(opening);
        this.#fill();
      });
      this.#opening.add(opening);
    }
  }

  /** A connection belongs to the pool and not to a call: whoever waits first gets it, or learns why not. */
  async #openOne(): Promise<void> {
    try {
      const connection = await this.#open(this.#halt.signal);
      this.#live.add(connection);
      this.#giveBack(connection);
    } catch (error) {
      this.#waiting.shift()?.reject(error);
    }
  }

  #giveBack(connection: Connection): void {
    if (!connection.isAlive || isOld(connection) || this.#halt.signal.aborted) {
      this.#drop(connection);
      this.#fill();
    } else this.#offer(connection);
  }

  #offer(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve(connection);
      return;
    }
    connection.rest();
    const timer = setTimeout(() => {
      this.#idle = this.#idle.filter((idle) => idle.connection !== connection);
      this.#drop(connection);
    }, IDLE_MS).unref();
    this.#idle.push({ connection, timer });
  }

  #drop(connection: Connection): void {
    this.#live.delete(connection);
    void endOf(connection);
  }
}

function isOld({ bornAt }: Connection): boolean {
  return performance.now() - bornAt > LIFETIME_MS;
}

/** What still runs would run on at the server for nobody. */
async function stop(connection: Connection): Promise<void> {
  await connection.cancel(AbortSignal.timeout(GOODBYE_MS)).catch(() => undefined);
  connection.destroy();
}

async function endOf(connection: Connection): Promise<void> {
  if (connection.isAlive) {
    const timer = setTimeout(() => connection.destroy(), GOODBYE_MS);
    await connection.end().catch(() => undefined);
    clearTimeout(timer);
  }
  connection.destroy();
}
