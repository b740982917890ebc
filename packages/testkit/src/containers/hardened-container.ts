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
    this.hostConfig.Memory = HARDENED.memoryBytes;
    this.hostConfig.MemorySwap = HARDENED.memoryBytes;
  }
}
