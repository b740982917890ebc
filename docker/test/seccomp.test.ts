import { execFile } from 'node:child_process';
import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { verifies } from '@secure-mcp/testkit';
import { openContainers, SECCOMP_FILE } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { foreignProgram } from './foreign-program.ts';
import { ALLOWED, CLONE3, REFUSED, SOCKETS_REFUSED, type SystemCall } from './system-calls.ts';

/** The servers' images have nothing that could make a call of somebody's choice. */
const IMAGE = 'node:24-trixie';
const CALLS = fileURLToPath(new URL('calls.pl', import.meta.url));
const EVERY = [...REFUSED, ...SOCKETS_REFUSED, ...ALLOWED, CLONE3];
/** Most calls would be refused anyway, were it not for these: only the profile is to be tested. */
const RIGHTS = ['SYS_ADMIN', 'SYS_PTRACE', 'SYS_MODULE', 'SYS_BOOT', 'SYS_TIME', 'SYSLOG'];
const MORE_RIGHTS = ['NET_RAW', 'DAC_READ_SEARCH'];
const EPERM = '1';
const ENOSYS = '38';

describe.runIf(inject('containers'))('the profile of system calls', () => {
  const containers = openContainers();
  let answers: ReadonlyMap<SystemCall, string>;
  let naive: ReadonlyMap<SystemCall, string>;
  beforeAll(async () => {
    [answers, naive] = await Promise.all([answersUnder(SECCOMP_FILE), answersUnder('unconfined')]);
  });
  afterAll(() => containers.close());

  test.each([...REFUSED, ...SOCKETS_REFUSED])(
    verifies('C6.calls', '$name is refused, to root as well: it $why'),
    (call) => {
      expect(answers.get(call)).toBe(EPERM);
      expect(naive.get(call)).toMatch(/^\d+$/);
      expect(naive.get(call)).not.toBe(EPERM);
    },
  );

  test(verifies('C6.calls', 'clone3 seems not to exist, so that clone is called instead'), () => {
    expect(answers.get(CLONE3)).toBe(ENOSYS);
    expect(naive.get(CLONE3)).not.toBe(ENOSYS);
  });

  test.each(ALLOWED)('$name is there: $why', (call) => {
    expect(answers.get(call)).toBe('0');
  });

  // Numbers mean other calls there, so a list of names that knows only one interface would be no list.
  test.runIf(arch === 'x64')(
    verifies('C6.calls', 'a program that uses the 32-bit interface is killed by its first call'),
    async () => {
      const program = foreignProgram();
      await expect(run('unconfined', program, 'perl', '-')).resolves.toBe('exit 42\n');
      await expect(run(SECCOMP_FILE, program, 'perl', '-')).resolves.toBe('signal 31\n');
    },
  );

  async function answersUnder(profile: string): Promise<ReadonlyMap<SystemCall, string>> {
    const lines = EVERY.map(({ number, args }) =>
      [number[arch === 'arm64' ? 'arm64' : 'x64'], ...args].join('\t'),
    );
    const said = await run(profile, `${lines.join('\n')}\n`, 'perl', '/calls.pl');
    const words = said.trim().split('\n');
    return new Map(EVERY.map((call, at) => [call, words[at] ?? 'no answer']));
  }

  function run(profile: string, input: string, ...command: readonly string[]): Promise<string> {
    const labels = Object.entries(containers.label).map(
      ([name, value]) => `--label=${name}=${value}`,
    );
    const running = promisify(execFile)('docker', [
      'run',
      '--interactive',
      '--rm',
      ...labels,
      '--network=none',
      ...[...RIGHTS, ...MORE_RIGHTS].map((name) => `--cap-add=${name}`),
      '--security-opt=no-new-privileges',
      '--security-opt=apparmor=unconfined',
      `--security-opt=seccomp=${profile}`,
      `--mount=type=bind,source=${CALLS},target=/calls.pl,readonly`,
      IMAGE,
      ...command,
    ]);
    running.child.stdin?.end(input);
    return running.then(({ stdout }) => stdout);
  }
});
