import { GenericContainer } from 'testcontainers';

import { HARDENED, securityOptions } from './hardened.ts';
import { imageOf, type ServerName } from './images.ts';

/** A server in its own image, run as an operator should run it: on a network, started by Testcontainers. */
export class HardenedContainer extends GenericContainer {
  constructor(server: ServerName) {
    super(imageOf(server));
    this.withDroppedCapabilities(...HARDENED.capabilitiesDropped);
    this.withSecurityOpt(...securityOptions());
    if (server === 'git') this.withTmpFs({ '/tmp': HARDENED.tmp });
    this.withIpcMode(HARDENED.ipc);
    const queues = HARDENED.messageQueueBytes;
    this.withUlimits({ msgqueue: { soft: queues, hard: queues } });
    // What the library has no method for.
    this.hostConfig.ReadonlyRootfs = HARDENED.readOnly;
    this.hostConfig.PidsLimit = HARDENED.pids;
    const memory = server === 'git' ? HARDENED.gitMemoryBytes : HARDENED.memoryBytes;
    this.hostConfig.Memory = memory;
    this.hostConfig.MemorySwap = memory;
  }

  /** The volumes of another container, to be read. */
  withVolumesFrom(id: string): this {
    this.hostConfig.VolumesFrom = [`${id}:ro`];
    return this;
  }

  /** Has the engine run the check of the image so often, in milliseconds, and believe it the first time. */
  withHealthInterval(ms: number): this {
    this.createOpts.Healthcheck = { Interval: ms * NANOSECONDS, Retries: 1 };
    return this;
  }
}

/** In a millisecond: what the engine counts in. */
const NANOSECONDS = 1_000_000;
