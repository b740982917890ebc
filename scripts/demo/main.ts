/**
 * `npm run demo`: a real MCP client uses the servers on real data, attacks them, and prints the lines
 * that connect them to a client. Ends with 1 when anything came out otherwise than promised.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

import { clientConfigs } from './client-configs.ts';
import { FILESYSTEM_SERVER, playFilesystem } from './filesystem.ts';
import { GIT_SERVER, playGit } from './git.ts';
import { playNetwork } from './network.ts';
import { playPostgres, POSTGRES_SERVER } from './postgres.ts';
import { createStage } from './stage.ts';

const stage = createStage();
await playFilesystem(stage);
await playPostgres(stage);
await playGit(stage);
await playNetwork(stage);

stage.act('connect a client');
stage.note('Paste one of these, and name the directories that you want to open:');
console.log(
  clientConfigs({
    name: 'files',
    command: process.execPath,
    args: [FILESYSTEM_SERVER, join(homedir(), 'projects')],
  }),
);
stage.note('The database: its URL is a credential, so it stands in a file that only you can read:');
console.log(
  clientConfigs({
    name: 'database',
    command: process.execPath,
    args: [POSTGRES_SERVER, '--dsn-file', join(homedir(), '.config/shop.url'), '--schema', 'app'],
  }),
);

stage.note('Repositories, or directories that hold some; nothing that they carry is run:');
console.log(
  clientConfigs({
    name: 'repositories',
    command: process.execPath,
    args: [GIT_SERVER, join(homedir(), 'projects')],
  }),
);

stage.note('On a network, for many callers: docs/network.md');

const { steps, failed } = stage.score();
console.log(`\n${String(steps - failed)} of ${String(steps)} as promised`);
console.log('Every control, with its code, its page and its tests: docs/controls.md');
process.exitCode = failed === 0 ? 0 : 1;
