import type { TempDirectory } from '@secure-mcp/testkit';
import type { HttpContract } from '@secure-mcp/testkit/http-contract';

import { bundle } from './bundle.ts';

/** What is served over HTTP in tests: one file. */
export function servedFrom(temp: TempDirectory): HttpContract {
  temp.write('docs/hello.txt', 'Hello, reader.\n');
  return {
    server: (...options) => bundle(`docs=${temp.path}/docs`, ...options),
    cli: bundle,
    call: { name: 'read_file', args: { path: 'docs:hello.txt' }, holds: 'Hello, reader.' },
    other: 'list_directory',
    scope: 'files:read',
    grants: { files: { roots: [{ root: 'docs', rights: ['read'] }] } },
  };
}
