import { gitFixtures, makeTemp } from '@secure-mcp/testkit';
import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
for (const name of ['hello', 'goodbye']) {
  temp.write(`${name}/hello.txt`, 'Hello, reader.\n');
  const repository = `${temp.path}/${name}`;
  gitFixtures.git(repository, ['init', '--quiet']);
  gitFixtures.git(repository, ['add', 'hello.txt']);
  gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Greet the reader']);
}
const grants = (repository: string) => ({ git: { repositories: [{ repository }] } });
afterAll(() => temp.remove());

testHttpContract({
  server: (...options) =>
    bundle(`hello=${temp.path}/hello`, `goodbye=${temp.path}/goodbye`, ...options),
  cli: bundle,
  call: { name: 'git_log', args: { repo: 'hello', limit: 5 }, holds: 'Greet the reader' },
  other: 'git_status',
  scope: 'repositories:read',
  grants: grants('hello'),
  divided: {
    call: { name: 'git_repos', args: {} },
    shares: [
      { grants: grants('hello'), holds: 'hello' },
      { grants: grants('goodbye'), holds: 'goodbye' },
    ],
  },
});
