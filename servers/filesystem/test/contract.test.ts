import { afterAll } from 'vitest';
import { makeTemp, testServerContract } from '@secure-mcp/testkit';

import { bundle } from './bundle.ts';
import { ANSWERS } from './contract-answers.ts';

const temp = makeTemp();
temp.write('docs/hello.txt', 'Hello, reader.\n');
afterAll(() => temp.remove());

testServerContract({
  server: (...options) => bundle(`docs=${temp.path}/docs`, ...options),
  ...ANSWERS,
});
