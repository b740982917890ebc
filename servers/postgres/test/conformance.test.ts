import { testServerConformance } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

const { database, url } = await makeShop();
afterAll(() => database.drop());

testServerConformance({
  server: (...options) => bundle(url, '--schema', 'app', ...options),
  prompts: true,
});
