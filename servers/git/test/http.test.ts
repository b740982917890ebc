import { gitFixtures, makeTemp } from '@secure-mcp/testkit';
import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
temp.write('hello/hello.txt', 'Hello, reader.\n');
const repository = `${temp.path}/hello`;
gitFixtures.git(repository, ['init', '--quiet']);
gitFixtures.git(repository, ['add', 'hello.txt']);
gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Greet the reader']);
afterAll(() => temp.remove());

testHttpContract({
  server: (...options) => bundle(`hello=${repository}`, ...options),
  cli: bundle,
  call: { name: 'git_log', args: { limit: 5 }, holds: 'Greet the reader' },
  other: 'git_status',
  scope: 'repositories:read',
  grants: { git: { repositories: [{ repository: 'hello' }] } },
});
