import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';

import { type Mount } from '@secure-mcp/testkit/containers';
import { type TempDirectory } from '@secure-mcp/testkit';

/** What the images are made of; its shell is linked with a library that the images have, too. */
const PARTS = 'node:24-trixie';

/**
 * A shell for an image that has none: most traps start their program by one, and where nothing can bite,
 * nothing is shown.
 */
export function shellFor(temp: TempDirectory): Mount {
  const args = ['run', '--rm', '--network=none', '--entrypoint=cat', PARTS, '/bin/sh'];
  const name = temp.write('sh', execFileSync('docker', args));
  chmodSync(name, 0o755);
  return { from: join(temp.path, 'sh'), to: '/bin/sh' };
}
