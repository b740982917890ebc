import { afterAll } from 'vitest';
import { makeTemp, testServerContract } from '@secure-mcp/testkit';

import lock from '../tools.lock.json' with { type: 'json' };
import { bundle } from './bundle.ts';

const temp = makeTemp();
temp.write('docs/hello.txt', 'Hello, reader.\n');
afterAll(() => temp.remove());

testServerContract({
  server: (...options) => bundle(`docs=${temp.path}/docs`, ...options),
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
