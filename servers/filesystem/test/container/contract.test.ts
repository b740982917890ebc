import { makeTemp } from '@secure-mcp/testkit';
import { testContainerContract } from '@secure-mcp/testkit/container-contract';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, describe, inject } from 'vitest';

import lock from '../../tools.lock.json' with { type: 'json' };

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
    lock,
    call: { name: 'read_file', args: { path: 'docs:hello.txt' }, holds: 'Hello, reader.' },
    unrecorded: {
      name: 'search_text',
      args: { pattern: 'what ada was looking for' },
      text: 'ada was',
    },
    resource: {
      uri: 'workspace://docs/hello.txt',
      holds: 'Hello, reader.',
      missing: 'workspace://docs/missing.txt',
    },
    completion: {
      uriTemplate: 'workspace://{root}/{+path}',
      variable: 'path',
      value: 'hel',
      known: { root: 'docs' },
      offers: 'hello.txt',
    },
  });
});
