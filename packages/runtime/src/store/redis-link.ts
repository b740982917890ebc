import type { Redis } from 'ioredis';

import { reasonOf } from './redis-reason.ts';
import { StoreDown } from './store-down.ts';
import { within } from './within.ts';

/** Waits between attempts to connect, in milliseconds: doubled each time, up to the longest. */
const RETRY_MS = { shortest: 250, longest: 10_000 } as const;
/** A connection that held for this long, in milliseconds, is a good one: the next wait is short again. */
const STEADY_MS = 60_000;

/** A connection that is made again when it is lost. */
export interface RedisLink {
  readonly up: boolean;
  /** Asks Redis, or rejects with a {@link StoreDown}: at once while it is down, else in time. */
  ask<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer>;
  close(): void;
}

export interface RedisLinkParts {
  /** Makes a connection that can be used, or rejects. */
  connect(): Promise<Redis>;
  /** Longest wait for an answer, in milliseconds. */
  readonly commandMs: number;
  /** Told when it changes, and once at the beginning. The reason is one of our words. */
  readonly onChange: (up: boolean, reason?: string) => void;
}

/**
 * Opens a link and waits for the first attempt, which may fail: a server has to start while Redis
 * is away, and to serve under stricter limits.
 *
 * One answer that is late or wrong takes the link down. Asking on would pile up commands in front of
 * a Redis that does not read, and make each request wait.
 */
export async function openRedisLink(parts: RedisLinkParts): Promise<RedisLink> {
  const tell = oncePerChange(parts.onChange);
  let client: Redis | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let upSince = 0;
  let closed = false;

  const retryLater = (): void => {
    if (closed) return;
    timer = setTimeout(() => void attempt(), waitMs(failures)).unref();
    failures += 1;
  };

  const goDown = (lost: Redis, reason: string): void => {
    if (client !== lost) return;
    client = undefined;
    lost.disconnect();
    if (performance.now() - upSince > STEADY_MS) failures = 0;
    tell(false, reason);
    retryLater();
  };

  const attempt = async (): Promise<void> => {
    try {
      const fresh = await parts.connect();
      if (closed) return fresh.disconnect();
      client = fresh;
      upSince = performance.now();
      fresh.once('end', () => goDown(fresh, 'closed'));
      tell(true);
    } catch (error) {
      tell(false, reasonOf(error));
      retryLater();
    }
  };

  await attempt();
  return {
    get up() {
      return client !== undefined;
    },
    async ask(command) {
      const asked = client;
      if (asked === undefined) throw new StoreDown('down');
      try {
        return await within(parts.commandMs, command(asked));
      } catch (error) {
        goDown(asked, reasonOf(error));
        throw new StoreDown('down');
      }
    },
    close() {
      closed = true;
      clearTimeout(timer);
      const open = client;
      client = undefined;
      open?.disconnect();
    },
  };
}

function oncePerChange(onChange: RedisLinkParts['onChange']): RedisLinkParts['onChange'] {
  let told: boolean | undefined;
  return (up, reason) => {
    if (told === up) return;
    told = up;
    onChange(up, reason);
  };
}

/** Replicas that lost it together do not come back together. */
function waitMs(failures: number): number {
  const wait = Math.min(RETRY_MS.longest, RETRY_MS.shortest * 2 ** failures);
  return wait * (0.5 + Math.random() / 2);
}
