import { makeTemp } from '@secure-mcp/testkit';
import { testContainerContract } from '@secure-mcp/testkit/container-contract';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, inject } from 'vitest';

import { ANSWERS } from '../contract-answers.ts';
import { TABLES } from '../shop.ts';
import { type DatabaseInContainer, startDatabase } from './database.ts';
import { COMMON_IMAGE, whyMissing } from './images.ts';
import { newNetwork, openNetwork, ours, PASSWORD, ROLE, setupSql } from './world.ts';

const isRun = inject('containers') && (await whyMissing(COMMON_IMAGE)) === undefined;

describe.runIf(isRun)('in a container', () => {
  const temp = makeTemp();
  const containers = openContainers();
  const network = newNetwork();
  const ALIAS = 'database';
  let database: DatabaseInContainer | undefined;
  beforeAll(async () => {
    await openNetwork(containers, network);
    const certificate = ours.issueServer({ hosts: [ALIAS] });
    database = await startDatabase(COMMON_IMAGE, { name: network, alias: ALIAS }, certificate);
    await database.admin(TABLES);
    await database.admin(await setupSql(containers));
    await database.admin(`ALTER ROLE ${ROLE} PASSWORD '${PASSWORD}'`);
    temp.write('database/url', database.url(ROLE, PASSWORD));
    temp.write('database/authorities.pem', ours.certificate);
  });
  afterAll(async () => {
    await database?.close();
    await containers.close();
    temp.remove();
  });

  testContainerContract({
    server: 'postgres',
    containers,
    data: () => ({ mounts: [{ from: `${temp.path}/database`, to: '/run/database' }], network }),
    args: () => [
      '--dsn-file=/run/database/url',
      '--database-ca=/run/database/authorities.pem',
      '--schema=app',
    ],
    scope: 'sql:read,tables:read,activity:read',
    ...ANSWERS,
  });
});
