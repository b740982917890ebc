import type { ServerContract } from '@secure-mcp/testkit';

import lock from '../tools.lock.json' with { type: 'json' };

/** What the contract asks of this server, and what it has to answer: the same outside of a container and in one. */
export const ANSWERS: Omit<ServerContract, 'server'> = {
  lock,
  call: { name: 'git_log', args: { limit: 5 }, holds: 'Greet the reader' },
  unrecorded: { name: 'git_log', args: { message: 'what ada was looking for' }, text: 'ada was' },
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
};
