import { gitFixtures, makeTemp } from '@secure-mcp/testkit';
import { testContainerContract } from '@secure-mcp/testkit/container-contract';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, describe, inject } from 'vitest';

import { ANSWERS } from '../contract-answers.ts';

describe.runIf(inject('containers'))('in a container', () => {
  const temp = makeTemp();
  temp.write('hello/hello.txt', 'Hello, reader.\n');
  const repository = `${temp.path}/hello`;
  gitFixtures.git(repository, ['init', '--quiet', '--template=']);
  gitFixtures.git(repository, ['add', 'hello.txt']);
  gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Greet the reader']);
  const containers = openContainers();
  afterAll(async () => {
    await containers.close();
    temp.remove();
  });

  testContainerContract({
    server: 'git',
    containers,
    data: () => ({ mounts: [{ from: repository, to: '/repositories/hello' }] }),
    args: () => ['hello=/repositories/hello'],
    scope: 'repositories:read',
    ...ANSWERS,
  });
});
