import { makeTemp } from '@secure-mcp/testkit';
import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { servedFrom } from './http-served.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

testHttpContract(servedFrom(temp));
