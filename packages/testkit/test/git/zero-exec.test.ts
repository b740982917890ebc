import { afterAll, describe, expect, test } from 'vitest';

import { gitFixtures, makeTemp } from '../../src/index.ts';

const { executionsOf, forksOf, straceProblem, traced, traceExecutions } = gitFixtures;

const temp = makeTemp();
const problem = straceProblem();

afterAll(() => {
  temp.remove();
});

describe('what strace wrote', () => {
  const file = temp.write(
    'trace',
    String.raw`10 execve("/usr/bin/git", ["git", "log", "a\tb\"c\33\303\244"], 0x7ffc /* 39 vars */) = 0
10 execve("/nowhere/sh", ["sh"], 0x7ffc /* 1 var */) = -1 ENOENT (No such file or directory)
11 execve("/bin/one", ["one, [", "two) = 0"], 0x7ffc /* 1 var */ <unfinished ...>
12 execveat(AT_FDCWD, "/bin/three", ["three"], 0x7ffc /* 1 var */, 0) = 0
11 <... execve resumed>)                   = 0
11 +++ exited with 0 +++
15 execve("/bin/four", ["four"], 0x7ffc /* 1 var */ <unfinished ...>
14 +++ superseded by execve in pid 15 +++
14 <... execve resumed>)                   = 0
11 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SYSVSEM, child_tid=0x7f, exit_signal=0} => {parent_tid=[14]}, 88) = 14
12 vfork( <unfinished ...>
11 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
12 <... vfork resumed>)                    = 15
11 <... clone resumed>, child_tidptr=0x7f) = 16
12 clone3({flags=CLONE_VFORK, exit_signal=SIGCHLD}, 88) = -1 EAGAIN (Resource temporarily unavailable)
13 execve("/bin/killed", ["killed"], 0x7ffc /* 1 var */ <unfinished ...>
`,
  );

  test('is read with its words, its failures, and its calls in two parts', () => {
    expect(executionsOf(file)).toEqual([
      { pid: 10, path: '/usr/bin/git', argv: ['git', 'log', 'a\tb"c\u{1b}ä'], ok: true },
      { pid: 10, path: '/nowhere/sh', argv: ['sh'], ok: false },
      { pid: 12, path: '/bin/three', argv: ['three'], ok: true },
      { pid: 11, path: '/bin/one', argv: ['one, [', 'two) = 0'], ok: true },
      { pid: 14, path: '/bin/four', argv: ['four'], ok: true },
      { pid: 13, path: '/bin/killed', argv: ['killed'], ok: false },
    ]);
  });

  test('says who started a process, and who only a thread', () => {
    expect(forksOf(file)).toEqual([
      { parent: 12, child: 15 },
      { parent: 11, child: 16 },
    ]);
  });

  test('is not overlooked where it is not understood', () => {
    const odd = temp.write('odd', '10 execve(0xdeadbeef, NULL, NULL) = -1 EFAULT (Bad address)\n');
    expect(() => executionsOf(odd)).toThrow('not understood');
    const half = temp.write('half', '10 <... execve resumed>) = 0\n');
    expect(() => executionsOf(half)).toThrow('not understood');
  });
});

describe.skipIf(problem !== undefined)(
  `the programs that start${problem === undefined ? '' : ` (skipped: ${problem})`}`,
  () => {
    test('are those of the process and of its children', () => {
      const script = '/bin/sh -c "exit 0"; /bin/true "two words"';
      const executions = traceExecutions('/bin/sh', ['-c', script], { PATH: '/nowhere' });
      expect(executions.map(({ argv }) => argv)).toEqual([
        ['/bin/sh', '-c', script],
        ['/bin/sh', '-c', 'exit 0'],
        ['/bin/true', 'two words'],
      ]);
      expect(executions.every(({ ok }) => ok)).toBe(true);
    });

    test('are written for a server, too, which is started with the same words', () => {
      const server = traced({ command: '/bin/true', args: ['a'] }, '/dev/null');
      expect([server.command, ...(server.args ?? [])].slice(-2)).toEqual(['/bin/true', 'a']);
    });
  },
);
