import { gitFixtures, makeTemp, testServerContract } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import lock from '../tools.lock.json' with { type: 'json' };
import { bundle } from './bundle.ts';

const temp = makeTemp();
temp.write('hello/hello.txt', 'Hello, reader.\n');
const repository = `${temp.path}/hello`;
gitFixtures.git(repository, ['init', '--quiet']);
gitFixtures.git(repository, ['add', 'hello.txt']);
gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Greet the reader']);
afterAll(() => temp.remove());

testServerContract({
  server: (...options) => bundle(`hello=${repository}`, ...options),
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
});
