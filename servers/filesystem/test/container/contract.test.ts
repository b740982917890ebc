import { makeTemp } from '@secure-mcp/testkit';
import { testContainerContract } from '@secure-mcp/testkit/container-contract';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, describe, inject } from 'vitest';

import { ANSWERS } from '../contract-answers.ts';

describe.runIf(inject('containers'))('in a container', () => {
  const temp = makeTemp();
  temp.write('docs/hello.txt', 'Hello, reader.\n');
  const containers = openContainers();
  afterAll(async () => {
    await containers.close();
    temp.remove();
  });

  testContainerContract({
    server: 'filesystem',
    containers,
    data: () => ({ mounts: [{ from: `${temp.path}/docs`, to: '/docs' }] }),
    args: () => ['/docs'],
    scope: 'files:read',
    ...ANSWERS,
  });
});
