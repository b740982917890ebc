import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { Containers, Mount } from '@secure-mcp/testkit/containers';

/** Another container that may write what the server reads, and exchanges names there. */
export interface Neighbour {
  /** Ends it; returns how often the names changed places. */
  stop(): Promise<number>;
}

const IMAGE = 'node:24-trixie';

/**
 * Exchanges each pair of names in one step, so that neither is ever missing (renameat2(2)). In Perl,
 * which every Debian has: Node has no function for it. It ends when its standard input does.
 */
const EXCHANGE = `
  use POSIX;
  my $renameat2 = (POSIX::uname())[4] eq 'aarch64' ? 276 : 316;
  my ($AT_FDCWD, $RENAME_EXCHANGE) = (-100, 2);
  my ($swaps, $in) = (0, '');
  vec($in, fileno(STDIN), 1) = 1;
  $| = 1;
  print "ready\\n";
  # It waits for a moment now and then: the server is to have the processor, too.
  while (!select(my $ended = $in, undef, undef, 0.0002)) {
    for (1 .. 20) {
      for my $pair (@ARGV) {
        my ($name, $other) = split /:/, $pair;
        syscall($renameat2, $AT_FDCWD, $name, $AT_FDCWD, $other, $RENAME_EXCHANGE) == 0 or die "$pair: $!";
      }
      $swaps++;
    }
  }
  print "$swaps\\n";
`;

/** Starts to exchange pairs of names, which are written as `name:other`. */
export async function startNeighbour(
  containers: Containers,
  mount: Mount,
  pairs: readonly string[],
): Promise<Neighbour> {
  const { command, args } = containers.server(
    'filesystem',
    {
      image: IMAGE,
      naive: true,
      mounts: [{ ...mount, writable: true }],
      options: ['--entrypoint=/usr/bin/perl', `--workdir=${mount.to}`],
    },
    '-e',
    EXCHANGE,
    ...pairs,
  );
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), ended]);
  if (!said.startsWith('ready')) throw new Error('the neighbour does not exchange');
  return {
    async stop() {
      child.stdin.end();
      await ended;
      return Number(said.split('\n')[1]);
    },
  };
}
