import { beforeAll, describe } from 'vitest';

import type { ServerContract } from '../contract.ts';
import { testOverHttp } from './contract-http.ts';
import { testPosture } from './contract-posture.ts';
import { testOverStdio } from './contract-stdio.ts';
import type { ServerName } from './images.ts';
import { openOptionFiles, type OptionFiles } from './option-files.ts';
import type { Containers, RunOptions } from './run.ts';

export { type HttpContainer, startHttpContainer } from './http-container.ts';
export { openOptionFiles, type OptionFiles } from './option-files.ts';

/** What a server says of itself, so that its image and its containers can be tested. */
export interface ContainerContract extends Omit<ServerContract, 'server'> {
  readonly server: ServerName;
  /** Those of the suite, which closes them. */
  readonly containers: Containers;
  /** What its containers see of their data, and in which network; asked for when one is started. */
  readonly data: () => Pick<RunOptions, 'mounts' | 'network'>;
  /** What stands on the command line for the data; asked for when a container is started. */
  readonly args: () => readonly string[];
  /** What the call, and all that is listed, takes over HTTP: scopes, with commas between. */
  readonly scope: string;
}

/** The contract, and the files that the containers' options name. */
export interface ContainerWorld {
  readonly contract: ContainerContract;
  readonly files: () => OptionFiles;
}

/** Tests an image, and the server in it as its users run it: on stdio and over HTTP, hardened. */
export function testContainerContract(contract: ContainerContract): void {
  let opened: OptionFiles | undefined;
  const files = (): OptionFiles => {
    if (opened === undefined) throw new Error('not open');
    return opened;
  };
  describe(`the image of ${contract.server}`, () => {
    beforeAll(async () => {
      opened = await openOptionFiles(contract.containers, contract.server);
    });
    testPosture({ contract, files });
    testOverStdio({ contract, files });
    testOverHttp({ contract, files });
  });
}
