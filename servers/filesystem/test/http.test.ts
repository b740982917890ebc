import { makeTemp } from '@secure-mcp/testkit';
import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
temp.write('docs/hello.txt', 'Hello, reader.\n');
afterAll(() => temp.remove());

testHttpContract({
  server: (...options) => bundle(`docs=${temp.path}/docs`, ...options),
  cli: bundle,
  call: { name: 'read_file', args: { path: 'docs:hello.txt' }, holds: 'Hello, reader.' },
  other: 'list_directory',
  scope: 'files:read',
  grants: { files: { roots: [{ root: 'docs', rights: ['read'] }] } },
});
