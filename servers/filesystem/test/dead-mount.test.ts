import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  connect,
  eventually,
  makeTemp,
  startRaw,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { SANDBOXES } from './walk/tree.ts';

const temp = makeTemp();
const SCRIPT = fileURLToPath(new URL('./dead-mount.py', import.meta.url));
/** After its deadline a worker is told to end, and then its place counts as one that does not answer. */
const KNOWN_MS = 1000;
const mounts: ChildProcess[] = [];

/** Mounts a dead file system on a directory, or says why it cannot. */
async function mountDead(path: string): Promise<string | undefined> {
  mkdirSync(path, { recursive: true });
  const child = spawn('python3', [SCRIPT, path], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [first] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit'),
    once(child, 'error'),
  ]);
  if (String(first).includes('mounted')) {
    mounts.push(child);
    return undefined;
  }
  return 'a FUSE mount needs root, python3 and /dev/fuse';
}

const reason = await mountDead(join(temp.path, 'live/dead'));
await mountDead(join(temp.path, 'dead-root'));
temp.write('live/file.txt', 'alive\n');
temp.write('other/file.txt', 'other\n');

afterAll(async () => {
  for (const mount of mounts) mount.stdin?.end();
  const running = mounts.filter(({ exitCode }) => exitCode === null);
  await Promise.all(running.map((mount) => once(mount, 'exit')));
  temp.remove();
});

describe.skipIf(reason !== undefined).each(SANDBOXES)(
  `a dead mount and the %s sandbox${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  (sandbox) => {
    let client: TestClient;
    beforeAll(async () => {
      const roots = ['live', 'other'].map((name) => join(temp.path, name));
      client = await connect(
        'v2 modern',
        bundle(...roots, '--deadline-ms', '700', '--sandbox', sandbox),
      );
    });
    const servers: { kill(): Promise<void> }[] = [];
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.kill()));
    });
    afterAll(() => spawnSync('kill', ['-9', String(client.pid)]));

    test(
      verifies(
        'E13.dead-mount',
        'E13.deadline',
        'costs its callers a refusal by the deadline, and nobody else anything',
      ),
      async () => {
        const first = client.call('read_file', { path: 'live:dead/file.txt' });
        const light = await client.call('read_file', { path: 'live:file.txt' });
        expect(light.structured['text']).toBe('alive');
        expect((await first).text).toMatch(/^limit\.deadline/);
        await new Promise((resolve) => {
          setTimeout(resolve, KNOWN_MS);
        });
        // A process that hangs is killed, and then the next one may try; a thread stays, and then the
        // place is known: whoever asks for it is told at once.
        if (sandbox === 'descriptor') {
          const started = performance.now();
          for (let again = 0; again < 20; again += 1) {
            const { text } = await client.call('read_file', { path: 'live:dead/other.txt' });
            expect(text).toMatch(/^root\.unresponsive/);
          }
          expect(performance.now() - started).toBeLessThan(2000);
        }
        expect((await client.call('read_file', { path: 'live:file.txt' })).structured['text']).toBe(
          'alive',
        );
        expect(
          (await client.call('search_text', { path: 'other:', pattern: 'other' })).isError,
        ).toBe(false);
      },
    );

    test(
      verifies(
        'E13.dead-mount',
        'a root that is dead at the start is named, and the server does not hang',
      ),
      () => {
        const { command, args } = bundle(join(temp.path, 'dead-root'), '--sandbox', sandbox);
        const { status, signal, stderr } = spawnSync(command, args, {
          encoding: 'utf8',
          input: '',
          timeout: 15_000,
          killSignal: 'SIGKILL',
        });
        expect(stderr).toContain('does not answer');
        // A thread that waits for the mount cannot be joined, so the process ends itself.
        expect({ status, signal }).toEqual({ status: null, signal: 'SIGKILL' });
      },
    );

    test(
      verifies(
        'E14.eof',
        'E13.dead-mount',
        'the server ends although a worker hangs, and leaves no process behind',
      ),
      async () => {
        // Time enough for a worker to start on a busy machine: before, there is none that hangs.
        const raw = startRaw(
          bundle(join(temp.path, 'live'), '--deadline-ms', '2000', '--sandbox', sandbox),
        );
        servers.push(raw);
        await raw.initialize();
        await raw.ask(1, 'tools/call', { name: 'read_file', arguments: { path: 'dead/x' } });
        const children = childrenOf(raw.process.pid);
        const started = performance.now();
        const end = await raw.end();
        expect(performance.now() - started).toBeLessThan(4000);
        await eventually(raw.stderr, (log) => log.includes('"type":"server.stop"'));
        // A thread inside a system call cannot be joined, so there the process ends itself by a signal.
        expect(end).toEqual(
          sandbox === 'descriptor' ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null },
        );
        await eventually(
          () => children.filter((pid) => existsSync(`/proc/${pid}`)),
          (left) => left.length === 0,
          2000,
        );
      },
    );
  },
);

function childrenOf(pid: number | undefined): readonly string[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}
