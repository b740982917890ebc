import { testServerContract } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';
import { ANSWERS } from './contract-answers.ts';
import { makeShop } from './shop.ts';

const { database, url } = await makeShop();
afterAll(() => database.drop());

testServerContract({
  server: (...options) => bundle(url, '--schema', 'app', ...options),
  ...ANSWERS,
});
