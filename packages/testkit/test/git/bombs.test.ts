import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, describe, expect, test } from 'vitest';

import { gitFixtures, makeTemp } from '../../src/index.ts';

const { BOMBS, buildBomb, git, plainGit, scrubbedEnvironment } = gitFixtures;

const temp = makeTemp();

afterAll(() => {
  temp.remove();
});

const exhausting = BOMBS.filter(({ bites }) => bites === 'exhausts');
const waiting = BOMBS.filter(({ bites }) => bites === 'hangs');

describe('plain git is exhausted', () => {
  test.each(exhausting)(
    'by $name: $row',
    ({ name }) => {
      const { repository, naive, outputBytes = 0 } = buildBomb(name, temp.path);
      const options = { timeoutMs: 60_000, outputBytesMax: outputBytes };
      const modest = naive.filter((words) => !plainGit(repository, words, options).overflowed);
      expect(outputBytes).toBeGreaterThan(0);
      expect(modest.map(String)).toEqual([]);
    },
    120_000,
  );

  test
    .runIf(process.platform === 'linux')
    .each(exhausting.filter(({ memoryBytes }) => memoryBytes !== undefined))(
    'by $name, in its memory',
    async ({ name, memoryBytes = 0 }) => {
      const { repository, naive } = buildBomb(name, `${temp.path}/memory`);
      const hungry = [];
      for (const words of naive)
        if (!(await endsWithin(memoryBytes, repository, words))) hungry.push(words);
      const enough = memoryBytes * 32;
      expect(hungry).not.toEqual([]);
      // It was the memory: with more of it, and on the repository without a bomb, they end well.
      for (const words of hungry) expect(await endsWithin(enough, repository, words)).toBe(true);
      const ordinary = `${temp.path}/memory/.ordinary`;
      expect(await endsWithin(memoryBytes, ordinary, ['log', '-p'])).toBe(true);
    },
    120_000,
  );

  test('by objects that are what their ids say', () => {
    for (const name of ['blob-bomb', 'line-bomb', 'message-bomb', 'delta-bomb', 'deep-tree'])
      expect(() => git(`${temp.path}/${name}`, ['cat-file', '-t', 'HEAD'])).not.toThrow();
    const hashed = git(`${temp.path}/delta-bomb`, ['rev-parse', 'HEAD:bomb.txt']).trim();
    const verify = (name: string): string => git(`${temp.path}/${name}`, ['fsck', '--no-dangling']);
    expect(hashed).toMatch(/^[0-9a-f]{40}$/);
    for (const name of ['line-bomb', 'delta-bomb', 'wide-tree'])
      expect(() => verify(name)).not.toThrow();
  });
});

/** Whether git ends well with so much memory (of addresses: the shell's limit). */
async function endsWithin(
  memoryBytes: number,
  repository: string,
  words: readonly string[],
): Promise<boolean> {
  const line = `ulimit -v ${String(Math.floor(memoryBytes / 1024))}; exec git "$@"`;
  const child = spawn('sh', ['-c', line, 'sh', ...words], {
    cwd: repository,
    env: scrubbedEnvironment(),
    stdio: 'ignore',
  });
  await once(child, 'exit');
  return child.exitCode === 0;
}

describe('plain git waits for ever', () => {
  /** All at once: each of them is given the same time to end. */
  const running = new Map<string, ChildProcess>();

  test('each command was started', () => {
    for (const { name } of waiting) {
      const { repository, naive } = buildBomb(name, temp.path);
      for (const words of naive) {
        const options = { cwd: repository, env: scrubbedEnvironment(), stdio: 'ignore' } as const;
        running.set(`${name}: ${words.join(' ')}`, spawn('git', words, options));
      }
    }
    expect(running.size).toBeGreaterThan(waiting.length);
  });

  test('and has not ended', async () => {
    await pause(3000);
    const ended = Array.from(running).filter(
      ([, { exitCode, signalCode }]) => exitCode !== null || signalCode !== null,
    );
    for (const child of running.values()) child.kill('SIGKILL');
    expect(ended.map(([name]) => name)).toEqual([]);
  });
});
