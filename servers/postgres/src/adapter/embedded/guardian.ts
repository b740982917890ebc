import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

import type { Account } from './account.ts';

/**
 * Outlives us on purpose. Its standard input is a pipe that only we hold: when we are gone, however
 * that came, the kernel closes it. Then the server is stopped and the folder removed. A line names the
 * process that it answers for; an empty one says that there is none.
 */
const SCRIPT = `
server=
while read -r line; do server=$line; done
if [ -n "$server" ] && kill -QUIT "$server" 2>/dev/null; then
  tries=0
  while kill -0 "$server" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -eq 100 ] && kill -KILL "$server"
    [ "$tries" -gt 150 ] && break
    sleep 0.05
  done
fi
rm -rf -- "$1"
`;

export interface Guardian {
  /** Says which process is to end with us. */
  answersFor(pid: number | undefined): void;
  /** Ends what it answers for, and waits until it and the folder are gone. */
  dismiss(): Promise<void>;
}

export function startGuardian(folder: string, account: Account): Guardian {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'guardian', folder], {
    ...account,
    cwd: '/',
    // A terminal's Ctrl-C is meant for us.
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guardian that was killed takes no more lines.
  child.stdin.on('error', () => undefined);
  const gone = once(child, 'exit');
  // This process may end while its guardian waits for that.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    answersFor: (pid) => void child.stdin.write(`${String(pid ?? '')}\n`),
    async dismiss() {
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}
