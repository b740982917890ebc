import type { Socket } from 'node:net';

import type { Client, FieldDef, QueryArrayConfig } from 'pg';

import type { ConnectionTarget } from '../../guard/index.ts';
import { requestCancel } from './cancel.ts';
import type { Credentials } from './credentials.ts';
import { countRows, type Greeting, listen, QuietClient } from './driver.ts';
import { type Meter, meter } from './meter.ts';
import { openWire } from './wire.ts';

/** One statement on its way: constant text, or a text that a guard has vouched for, and bound values. */
export interface Step {
  readonly text: string;
  readonly values: readonly Value[];
}

/** What can be bound. An array becomes an array of PostgreSQL. */
export type Value = Scalar | readonly Scalar[];
type Scalar = string | number | boolean | null;

/** What came back for one statement, as text. */
export interface Answer {
  readonly fields: readonly Pick<FieldDef, 'name' | 'dataTypeID' | 'dataTypeModifier'>[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export type Outcome = PromiseSettledResult<Answer>;

interface QueryConfig extends QueryArrayConfig<Value[]> {
  /** Never the simple protocol, in which one text may be several statements. */
  readonly queryMode: 'extended';
}

/** What a connection is made of. */
interface Parts {
  readonly client: Client;
  readonly socket: Socket;
  readonly meter: Meter;
  readonly greeting: Greeting;
  readonly target: ConnectionTarget;
  readonly credentials: Credentials;
}

/** One session of the server. */
export class Connection {
  /** On the clock of `performance.now()`. */
  readonly bornAt = performance.now();
  readonly #parts: Parts;
  #isAlive = true;

  private constructor(parts: Parts) {
    this.#parts = parts;
    // What the server says to an idle session, such as that it shuts down, arrives here and only here.
    parts.client.on('error', () => this.destroy());
    parts.client.on('end', () => this.destroy());
  }

  static async open(
    target: ConnectionTarget,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<Connection> {
    const socket = await openWire(target, credentials.tls, signal);
    // The meter listens before the driver does: what is too much never reaches the driver's buffers.
    const counted = meter(socket);
    const client = new QuietClient(socket, target, credentials.password ?? target.password);
    const greeting = listen(client);
    countRows(client, counted);
    const connection = new Connection({
      client,
      socket,
      meter: counted,
      greeting,
      target,
      credentials,
    });
    const abort = (): void => connection.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await client.connect();
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** As in `server_version_num`; 0 when the server did not say. */
  get version(): number {
    return this.#parts.greeting.version;
  }

  get isPasswordOpen(): boolean {
    return this.#parts.credentials.isPasswordOpen;
  }

  /** False once it has failed, ended or been destroyed. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** True when it was destroyed for bringing too much. */
  get isOverfull(): boolean {
    return this.#parts.meter.isOver;
  }

  /** True outside a transaction, by the server's own word. */
  get isIdle(): boolean {
    return this.#parts.client.getTransactionStatus() === 'I';
  }

  /**
   * Sends all statements at once, and waits for all answers. Never rejects.
   *
   * One tick and one packet: two calls that took turns on one session would end each other's transaction.
   */
  fly(steps: readonly Step[], bytesMax: number): Promise<readonly Outcome[]> {
    const { client, socket } = this.#parts;
    this.#parts.meter.start(bytesMax);
    socket.cork();
    const answers = steps.map((step) => send(client, step));
    socket.uncork();
    return Promise.allSettled(answers);
  }

  /** Has the server stop what runs in this session. Resolves when no cancelling is on its way any more. */
  async cancel(signal: AbortSignal): Promise<void> {
    const { target, credentials, greeting } = this.#parts;
    if (greeting.key === undefined) throw new TypeError('the session cannot be cancelled');
    await requestCancel(target, credentials.tls, greeting.key, signal);
  }

  /** While nothing is asked, it keeps no process running. */
  rest(): void {
    this.#parts.socket.unref();
  }

  wake(): void {
    this.#parts.socket.ref();
  }

  /** Says goodbye. */
  async end(): Promise<void> {
    this.#isAlive = false;
    this.wake();
    await this.#parts.client.end();
  }

  destroy(): void {
    this.#isAlive = false;
    this.#parts.socket.destroy();
  }
}

function send(client: Client, { text, values }: Step): Promise<Answer> {
  const config: QueryConfig = {
    text,
    values: [...values],
    rowMode: 'array',
    queryMode: 'extended',
  };
  return client.query<(string | null)[], Value[]>(config);
}
