import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitFixtures, type TempDirectory } from '@secure-mcp/testkit';
import type { Mount } from '@secure-mcp/testkit/containers';

/** Two owners, none of whom is the server's user. */
const OWNERS = ['12345', '0'];

/** All hostile repositories, as a container sees them: at the same places as here, where the traps lead to. */
export interface Traps {
  readonly vectors: readonly gitFixtures.BuiltVector[];
  /** The directory that holds the repositories. */
  readonly directory: string;
  readonly mounts: readonly Mount[];
  /** Those that have gone off since it was last asked. */
  goneOff(): readonly string[];
  /** From here on the programs that the traps start by themselves are for Node, and need no shell. */
  armForNode(): void;
}

export function buildTraps(temp: TempDirectory): Traps {
  const vectors = gitFixtures.buildHostile(temp.path);
  const directory = join(temp.path, 'repositories');
  for (const { place } of vectors) chmodSync(place.outside, 0o777);
  // Only root may give a file away; anybody else is another owner than the server's user by himself.
  if (process.getuid?.() === 0) {
    for (const [turn, owner] of OWNERS.entries()) {
      const own = vectors.filter((_, index) => index % OWNERS.length === turn);
      const paths = own.map(({ place }) => place.repository);
      execFileSync('chown', ['-hR', `${owner}:${owner}`, ...paths]);
    }
  }
  return {
    vectors,
    directory,
    mounts: [
      { from: directory, to: directory },
      // Where nothing could be written, no canary could sing.
      { from: join(temp.path, 'outside'), to: join(temp.path, 'outside'), writable: true },
    ],
    goneOff() {
      const gone = vectors.filter(({ place }) => existsSync(place.canary.file));
      for (const { place } of gone) rmSync(place.canary.file);
      return gone.map(({ name }) => name);
    },
    armForNode() {
      for (const { place } of vectors) writeFileSync(place.canary.script, forNode(place.canary));
    },
  };
}

function forNode({ file }: gitFixtures.Canary): string {
  return `#!/usr/local/bin/node\nrequire('node:fs').writeFileSync(${JSON.stringify(file)}, '');\n`;
}
