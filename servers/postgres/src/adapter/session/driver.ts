import type { Socket } from 'node:net';

import { Client } from 'pg';

import type { ConnectionTarget } from '../../guard/index.ts';
import type { BackendKey } from './cancel.ts';
import type { Meter } from './meter.ts';

/** Text stays text: what a cell means is decided in one place, and it is not the driver. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/**
 * The driver sends what stands here and nothing else. It would otherwise take options from PGOPTIONS,
 * PGREPLICATION and others, which may have been meant for another program.
 */
export class QuietClient extends Client {
  readonly #who: { readonly user: string; readonly database: string };

  /** `socket` is open, and encrypted where it has to be. */
  constructor(socket: Socket, target: ConnectionTarget, password: string | undefined) {
    const { host, port, user, database } = target;
    super({
      host,
      port,
      user,
      database,
      // A function, because for an empty one the driver would look into PGPASSWORD and ~/.pgpass.
      password: () => password ?? '',
      stream: () => alreadyConnected(socket),
      ssl: false,
      sslnegotiation: 'postgres',
      enableChannelBinding: target.encryption === 'tls',
      pipeline: true,
      types: AS_TEXT,
    });
    this.#who = { user, database };
  }

  getStartupConf(): Readonly<Record<string, string>> {
    return { ...this.#who, application_name: 'secure-mcp' };
  }
}

/** The driver calls `connect` on what it is given, and waits for the event. */
function alreadyConnected(socket: Socket): Socket {
  return Object.assign(socket, {
    connect: () => {
      queueMicrotask(() => socket.emit('connect'));
      return socket;
    },
  });
}

/** What the server tells about itself while it greets. */
export interface Greeting {
  /** As in `server_version_num`; 0 when the server did not say. */
  version: number;
  key: BackendKey | undefined;
}

/** Listens for the greeting; it is complete when the client has connected. */
export function listen(client: Client): Greeting {
  const greeting: Greeting = { version: 0, key: undefined };
  client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
    if (parameterName === 'server_version') greeting.version = versionOf(parameterValue);
  });
  client.connection.on('backendKeyData', ({ processID, secretKey }: BackendKeyData) => {
    greeting.key = { process: processID, secret: secretKey };
  });
  return greeting;
}

/** Shows each row to a meter before the driver keeps it. */
export function countRows(client: Client, meter: Pick<Meter, 'countRow'>): void {
  client.connection.on('dataRow', ({ fields }: DataRow) => meter.countRow(fields.length));
}

interface DataRow {
  readonly fields: readonly unknown[];
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

interface BackendKeyData {
  readonly processID: number;
  readonly secretKey: number;
}

/** `18.4 (Debian 18.4-1)` becomes 180004, `19devel` 190000. */
function versionOf(text: string): number {
  const [, major = 0, minor = 0] = /^(\d{1,3})(?:\.(\d{1,4}))?/.exec(text) ?? [];
  return Number(major) * 10_000 + Number(minor);
}
