/**
 * `node plain-git.ts`, within a container: runs the commands of git that stand on standard input, as a
 * careless server would, and prints what became of each. It is mounted there alone, so it imports nothing
 * of ours.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Longest run of one command, in milliseconds. Some wait for ever. */
const COMMAND_MS = 5000;
const OUTPUT_BYTES_MAX = 4 << 20;

interface Command {
  readonly directory: string;
  readonly args: readonly string[];
  readonly timeoutMs?: number;
}

const commands: readonly Command[] = JSON.parse(readFileSync(0, 'utf8'));

// Without it git would open no repository of another owner, and nothing would bite.
const [everyOwner] = process.argv.slice(2);
const trust =
  everyOwner === undefined
    ? {}
    : { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: everyOwner };

const done = commands.map(({ directory, args, timeoutMs = COMMAND_MS }) => {
  const { stdout, stderr, signal, error } = spawnSync('/usr/bin/git', args, {
    cwd: directory,
    env: {
      PATH: '/usr/bin',
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      ...trust,
    },
    input: '',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return {
    said: `${stdout.toString()}\n${stderr.toString()}`,
    // Nobody here killed it: no time was over, and no output too long.
    outOfMemory: signal === 'SIGKILL' && error === undefined,
  };
});
process.stdout.write(JSON.stringify(done));
