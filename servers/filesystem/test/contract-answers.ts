import type { ServerContract } from '@secure-mcp/testkit';

import lock from '../tools.lock.json' with { type: 'json' };

/** What the contract asks of this server, and what it has to answer: the same outside of a container and in one. */
export const ANSWERS: Omit<ServerContract, 'server'> = {
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
};
