import { gitFixtures, makeTemp, testServerContract } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';
import { ANSWERS } from './contract-answers.ts';

const temp = makeTemp();
temp.write('hello/hello.txt', 'Hello, reader.\n');
const repository = `${temp.path}/hello`;
gitFixtures.git(repository, ['init', '--quiet']);
gitFixtures.git(repository, ['add', 'hello.txt']);
gitFixtures.git(repository, ['commit', '--quiet', '--message', 'Greet the reader']);
afterAll(() => temp.remove());

testServerContract({
  server: (...options) => bundle(`hello=${repository}`, ...options),
  ...ANSWERS,
});
