import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StatementGuard } from '../../src/guard/index.ts';
import { LEGITIMATE } from './legitimate.ts';
import { makeWorld, OPEN, type World } from './world.ts';

let world: World;
let guard: StatementGuard;

beforeAll(async () => {
  world = await makeWorld();
  guard = await world.guard(OPEN);
});
afterAll(async () => world.close());

describe('statements that people write', () => {
  for (const { sql, parameters = [], since = 0 } of LEGITIMATE) {
    it(
      verifies('C2.statement', `means the same when it is written anew: ${sql.slice(0, 100)}`),
      async () => {
        const statement = guard.parse(sql, parameters.length);
        // An older server does not know the syntax, and says so of both.
        if (world.database.version < since) return;
        expect(await world.run(statement, parameters)).toEqual(await world.direct(sql, parameters));
      },
    );
  }
});
