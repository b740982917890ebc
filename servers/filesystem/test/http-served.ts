import type { TempDirectory } from '@secure-mcp/testkit';
import type { HttpContract } from '@secure-mcp/testkit/http-contract';

import { bundle } from './bundle.ts';

/** What is served over HTTP in tests: one file, and another root. */
export function servedFrom(temp: TempDirectory): HttpContract {
  temp.write('docs/hello.txt', 'Hello, reader.\n');
  temp.write('plans/secret.txt', 'Hello, planner.\n');
  const root = (name: string) => ({ files: { roots: [{ root: name, rights: ['read'] }] } });
  return {
    server: (...options) =>
      bundle(`docs=${temp.path}/docs`, `plans=${temp.path}/plans`, ...options),
    cli: bundle,
    call: { name: 'read_file', args: { path: 'docs:hello.txt' }, holds: 'Hello, reader.' },
    other: 'list_directory',
    scope: 'files:read',
    grants: root('docs'),
    divided: {
      call: { name: 'list_roots', args: {} },
      shares: [
        { grants: root('docs'), holds: 'docs' },
        { grants: root('plans'), holds: 'plans' },
      ],
    },
  };
}
