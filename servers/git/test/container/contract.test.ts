import { gitFixtures, makeTemp } from '@secure-mcp/testkit';
import { testContainerContract } from '@secure-mcp/testkit/container-contract';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, describe, inject } from 'vitest';

import lock from '../../tools.lock.json' with { type: 'json' };

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
    lock,
    call: { name: 'git_log', args: { limit: 5 }, holds: 'Greet the reader' },
    unrecorded: {
      name: 'git_log',
      args: { message: 'what ada was looking for' },
      text: 'ada was',
    },
    resource: {
      uri: 'git://hello/blob/main/hello.txt',
      holds: 'Hello, reader.',
      missing: 'git://hello/blob/main/missing.txt',
    },
    completion: {
      uriTemplate: 'git://{repo}/blob/{rev}/{+path}',
      variable: 'path',
      value: 'hel',
      known: { repo: 'hello', rev: 'main' },
      offers: 'hello.txt',
    },
    listBytesMax: 12_288,
  });
});
