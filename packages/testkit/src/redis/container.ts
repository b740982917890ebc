import { randomBytes } from 'node:crypto';

import { RedisContainer as TestRedis } from '@testcontainers/redis';
import { getContainerRuntimeClient } from 'testcontainers';

import { OWNED, startRemover } from '../postgres/remover.ts';

/** A Redis in a container, which can be taken away and brought back. */
export interface RedisContainer {
  readonly id: string;
  readonly host: string;
  /** Another one after each start. */
  readonly port: number;
  readonly password: string;
  /** It goes on listening, and answers nothing. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** It has no time to write down what it knows. */
  kill(): Promise<void>;
  /** Starts what was killed. */
  start(): Promise<void>;
  /** Stops it and removes it with its data. */
  close(): Promise<void>;
}

const PORT = '6379/tcp';

/** Starts one. It is gone when this process is, whether it was closed or not. */
export async function startRedisContainer(image: string): Promise<RedisContainer> {
  // What its reaper would do is done by our remover.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const remover = startRemover();
  try {
    const password = randomBytes(18).toString('hex');
    const started = await new TestRedis(image)
      .withPassword(password)
      .withLabels({ [OWNED]: remover.owner })
      .start();
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const container = dockerode.getContainer(started.getId());
    let port = started.getPort();
    return {
      id: started.getId(),
      host: started.getHost(),
      get port() {
        return port;
      },
      password,
      pause: () => container.pause(),
      unpause: () => container.unpause(),
      kill: () => container.kill(),
      async start() {
        await container.start();
        const { NetworkSettings } = await container.inspect();
        port = Number(NetworkSettings.Ports[PORT]?.[0]?.HostPort);
      },
      close: () => remover.remove(),
    };
  } catch (error) {
    await remover.remove();
    throw error;
  }
}
