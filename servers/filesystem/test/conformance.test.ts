import { makeTemp, testServerConformance } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
temp.write('docs/hello.txt', 'Hello, reader.\n');
afterAll(() => temp.remove());

testServerConformance({
  server: (...options) => bundle(`docs=${temp.path}/docs`, ...options),
  prompts: false,
});
