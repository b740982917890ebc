import type { Redis } from 'ioredis';

import type { StoreAddress } from './address.ts';
import { within } from './within.ts';

export interface RedisClientOptions {
  readonly address: StoreAddress;
  /** Certificates of authorities that are trusted for it, in PEM; the ones that Node trusts otherwise. */
  readonly ca: string | Uint8Array | undefined;
  /** Longest time until it can be used, in milliseconds. */
  readonly connectMs: number;
}

/**
 * Connects once, and rejects where that fails. The client never connects again by itself and keeps
 * no command for later: whoever waits for an answer counts here meanwhile.
 */
export async function connectRedis(options: RedisClientOptions): Promise<Redis> {
  const { address, ca, connectMs } = options;
  const Client = await loadQuietly();
  const { tls, ...where } = address;
  const client = new Client({
    ...definedOnly(where),
    // Said aloud, because a variable of Node's turns the check off.
    ...(tls && {
      tls: {
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(ca !== undefined && { ca: asPem(ca) }),
      },
    }),
    lazyConnect: true,
    connectTimeout: connectMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    protocol: 2,
    disableClientInfo: true,
  });
  // Without a listener the driver prints its errors, and some of them hold a command with its arguments.
  let cause: unknown;
  client.on('error', (error: unknown) => {
    cause ??= error;
  });
  try {
    await within(connectMs, client.connect());
    return client;
  } catch (error) {
    client.disconnect();
    // That it is closed is all that the driver says of a connection that was refused.
    throw cause ?? error;
  }
}

/** The driver prints each command, `AUTH` and its password too, where DEBUG asks for it when it is loaded. */
async function loadQuietly(): Promise<typeof Redis> {
  const { env } = process;
  const { DEBUG: debug } = env;
  delete env['DEBUG'];
  try {
    const driver = await import('ioredis');
    return driver.Redis;
  } finally {
    if (debug !== undefined) env['DEBUG'] = debug;
  }
}

function asPem(ca: string | Uint8Array): string {
  return typeof ca === 'string' ? ca : new TextDecoder().decode(ca);
}

function definedOnly({ username, password, ...rest }: Omit<StoreAddress, 'tls'>) {
  return {
    ...rest,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}
