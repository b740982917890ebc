/** A process that starts a container as a test does, says how it is labelled, and then does nothing more. */
import { spawnSync } from 'node:child_process';

import { openContainers } from '@secure-mcp/testkit/containers';

const containers = openContainers();
const { command, args } = containers.server(
  'filesystem',
  // It reads no standard input whose end would end it, and as a first process it hears no signal.
  { options: ['--detach', '--entrypoint=/usr/local/bin/node'] },
  '--eval',
  'setInterval(() => {}, 1e9)',
);
const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
if (status !== 0) throw new Error('no container was started');
process.stdout.write(`${JSON.stringify(containers.label)}\n`);
setInterval(() => undefined, 60_000);
