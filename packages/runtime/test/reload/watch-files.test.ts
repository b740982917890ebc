import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { makeTemp, type TempDirectory, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { watchFiles } from '../../src/reload/watch-files.ts';
import { until, type Watching, watchTexts } from './watching.ts';

let temp: TempDirectory;
const open: Watching[] = [];

beforeEach(() => {
  temp = makeTemp();
});
afterEach(() => {
  for (const { watched } of open.splice(0)) watched.close();
  temp.remove();
});

async function start(...args: Parameters<typeof watchTexts>): Promise<Watching> {
  const watching = await watchTexts(...args);
  open.push(watching);
  return watching;
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('a change is noticed', () => {
  test(verifies('C13.reload', 'when another file is renamed into the place'), async () => {
    const path = temp.write('policy', 'ok 1');
    const { watched, reloaded, failed } = await start([path]);
    const changes: string[][] = [];
    watched.onChange((current, former) => changes.push([current, former]));
    const began = performance.now();
    replace(path, 'ok 2');
    await until('the new value', () => watched.current === 'ok 2');
    // The promise is a second. A loaded machine gets three; the poll alone takes half a second.
    expect(performance.now() - began).toBeLessThan(3000);
    expect(changes).toEqual([['ok 2', 'ok 1']]);
    expect(reloaded).toEqual(['--policy']);
    expect(failed).toEqual([]);
  });

  test(
    verifies('C13.reload', 'when the file is written in place, also with the same size and time'),
    async () => {
      const path = temp.write('policy', 'ok 1');
      const { atime, mtime } = statSync(path);
      const { watched } = await start([path]);
      writeFileSync(path, 'ok 2');
      utimesSync(path, atime, mtime);
      await until('the new value', () => watched.current === 'ok 2');
      writeFileSync(path, 'ok 3');
      utimesSync(path, atime, mtime);
      await until('the newer value', () => watched.current === 'ok 3');
      expect(watched.healthy).toBe(true);
    },
  );

  test(
    verifies('C13.reload', 'when the link is turned by which Kubernetes mounts a secret'),
    async () => {
      temp.write('..1/policy', 'ok 1');
      temp.write('..2/policy', 'ok 2');
      symlinkSync('..1', join(temp.path, '..data'));
      symlinkSync('..data/policy', join(temp.path, 'policy'));
      const { watched } = await start([join(temp.path, 'policy')]);
      expect(watched.current).toBe('ok 1');
      symlinkSync('..2', join(temp.path, '..data_tmp'));
      renameSync(join(temp.path, '..data_tmp'), join(temp.path, '..data'));
      rmSync(join(temp.path, '..1'), { recursive: true });
      await until('the new value', () => watched.current === 'ok 2');
    },
  );

  test('when the file that a link leads to is replaced in another directory', async () => {
    const target = temp.write('there/policy', 'ok 1');
    mkdirSync(join(temp.path, 'here'));
    const path = join(temp.path, 'here', 'policy');
    symlinkSync(target, path);
    const { watched } = await start([path]);
    replace(target, 'ok 2');
    await until('the new value', () => watched.current === 'ok 2');
    expect(watched.healthy).toBe(true);
  });

  test('when a link on the way to the file is turned', async () => {
    temp.write('release-1/policy', 'ok 1');
    temp.write('release-2/policy', 'ok 2');
    const link = join(temp.path, 'current');
    symlinkSync('release-1', link);
    const { watched } = await start([join(link, 'policy')]);
    symlinkSync('release-2', `${link}.new`);
    renameSync(`${link}.new`, link);
    await until('the new value', () => watched.current === 'ok 2');
    expect(watched.healthy).toBe(true);
  });

  test('when the file was gone, with its directory, and is there again', async () => {
    const path = temp.write('mount/policy', 'ok 1');
    const { watched, reloaded, failed } = await start([path]);
    rmSync(join(temp.path, 'mount'), { recursive: true });
    await until('the failure', () => !watched.healthy);
    expect(watched.current).toBe('ok 1');
    expect(failed).toEqual(['the file is missing']);
    temp.write('mount/policy', 'ok 1');
    await until('the recovery', () => watched.healthy);
    expect(reloaded).toEqual(['--policy']);
    // The new directory is watched like the old one.
    replace(path, 'ok 2');
    await until('the new value', () => watched.current === 'ok 2');
  });
});

describe('the last valid value stays', () => {
  test(
    verifies(
      'C13.reload',
      'while the files hold something else, which is told once for each state',
    ),
    async () => {
      const path = temp.write('policy', 'ok 1');
      const { watched, reloaded, failed } = await start([path]);
      const changes: string[] = [];
      watched.onChange((current) => changes.push(current));
      writeFileSync(path, 'half');
      await until('the failure', () => failed.length === 1);
      expect(watched.healthy).toBe(false);
      expect(watched.current).toBe('ok 1');
      await wait(1500);
      await watched.reload();
      expect(failed).toEqual(['has to begin with ok']);
      writeFileSync(path, 'other');
      await until('the second failure', () => failed.length === 2);
      truncateSync(path, 0);
      await until('the third failure', () => failed.length === 3);
      expect(changes).toEqual([]);
      expect(reloaded).toEqual([]);
      writeFileSync(path, 'ok 2');
      await until('the recovery', () => watched.healthy);
      expect(changes).toEqual(['ok 2']);
    },
  );

  test('while one of several files is of another time', async () => {
    const one = temp.write('one', 'ok 1');
    const two = temp.write('two', 'ok 1');
    const { watched, failed } = await start([one, two]);
    const seen = new Set<string>();
    watched.onChange((current) => seen.add(current));
    writeFileSync(one, 'no');
    writeFileSync(two, 'ok 2');
    await until('the failure', () => failed.length === 1);
    expect(watched.current).toBe('ok 1|ok 1');
    writeFileSync(one, 'ok 2');
    await until('both', () => watched.current === 'ok 2|ok 2');
    expect([...seen]).toEqual(['ok 2|ok 2']);
  });

  test('when a file is larger than four mebibytes, or is a device or a directory', async () => {
    const path = temp.write('policy', 'ok 1');
    const { watched, failed } = await start([path]);
    writeFileSync(path, `ok ${'x'.repeat(4_194_304)}`);
    await until('the failure', () => failed.length === 1);
    rmSync(path);
    await until('the second failure', () => failed.length === 2);
    mkdirSync(path);
    await until('the third failure', () => failed.length === 3);
    rmSync(path, { recursive: true });
    await until('the fourth failure', () => failed.length === 4);
    symlinkSync('/dev/zero', path);
    await until('the fifth failure', () => failed.length === 5);
    expect(failed).toEqual([
      'the file is larger than 4 MiB',
      'the file is missing',
      'the file is not a plain file',
      'the file is missing',
      'the file is not a plain file',
    ]);
    expect(watched.current).toBe('ok 1');
  });

  test('and nothing of a file is told when its parser quotes it', async () => {
    const path = temp.write('keys', '{"key":"MARKER"');
    const parse = (contents: readonly Uint8Array[]): unknown =>
      JSON.parse(Buffer.concat(contents).toString());
    const failed: string[] = [];
    const options = {
      what: '--keys',
      paths: [path],
      parse,
      onReloaded: () => undefined,
      onFailed: (_: string, reason: string) => failed.push(reason),
    };
    await expect(watchFiles(options)).rejects.toThrow('--keys: it is not valid');
    writeFileSync(path, '{}');
    const watched = await watchFiles(options);
    writeFileSync(path, '{"key":MARKER}');
    await until('the failure', () => failed.length > 0);
    watched.close();
    expect(failed).toEqual(['it is not valid']);
  });

  test('and a listener that cannot take a change keeps it from nobody else', async () => {
    const path = temp.write('policy', 'ok 1');
    const { watched, failed } = await start([path]);
    const taken: string[] = [];
    let isBroken = true;
    watched.onChange(() => {
      if (isBroken) throw new Error('cannot');
    });
    watched.onChange((current) => taken.push(current));
    writeFileSync(path, 'ok 2');
    await until('the change', () => taken.length > 0);
    await until('the failure', () => failed.length > 0);
    expect(watched.current).toBe('ok 2');
    expect(watched.healthy).toBe(false);
    isBroken = false;
    await watched.reload();
    expect(watched.healthy).toBe(true);
  });
});

describe('reload', () => {
  test('reads at once, and many at the same time are few', async () => {
    const path = temp.write('policy', 'ok 0');
    let parsed = 0;
    let running = 0;
    let most = 0;
    const watched = await watchFiles({
      what: '--policy',
      paths: [path],
      async parse([content = new Uint8Array()]) {
        parsed += 1;
        running += 1;
        most = Math.max(most, running);
        await wait(20);
        running -= 1;
        return Buffer.from(content).toString();
      },
      onReloaded: () => undefined,
      onFailed: () => undefined,
    });
    replace(path, 'ok 1');
    const first = watched.reload();
    await Promise.all(Array.from({ length: 50 }, async () => watched.reload()));
    await first;
    expect(watched.current).toBe('ok 1');
    expect(parsed).toBeLessThanOrEqual(3);
    expect(most).toBe(1);
    // What is written while one reload runs is seen by the next one that is asked for.
    const before = watched.reload();
    replace(path, 'ok 2');
    await watched.reload();
    expect(watched.current).toBe('ok 2');
    await before;
    watched.close();
  });

  test('after close nothing changes', async () => {
    const path = temp.write('policy', 'ok 1');
    const { watched, reloaded } = await start([path]);
    watched.close();
    replace(path, 'ok 2');
    await watched.reload();
    await wait(700);
    expect(watched.current).toBe('ok 1');
    expect(reloaded).toEqual([]);
  });
});

/** Only root can give a file away, and what root has may have a second name. */
const NOT_OURS: readonly (readonly [problem: string, spoil: (path: string) => void])[] =
  process.geteuid?.() === 0
    ? [['belongs to somebody else', (path) => chownSync(path, 65_534, 65_534)]]
    : [['has a second name', (path) => linkSync(path, `${path}.second`)]];

describe('who may have written a file that decides who is let in', () => {
  test(
    verifies('C13.reload', 'a file that others may write is refused, and so is its later change'),
    async () => {
      const path = temp.write('policy', 'ok 1');
      chmodSync(path, 0o666);
      await expect(start([path])).rejects.toThrow('--policy: the file may be written by others');
      chmodSync(path, 0o644);
      const { watched, failed } = await start([path]);
      temp.write('policy.new', 'ok 2');
      chmodSync(`${path}.new`, 0o664);
      renameSync(`${path}.new`, path);
      await until('the failure', () => failed.length > 0);
      expect(watched.current).toBe('ok 1');
      // Only the mode changes now.
      chmodSync(path, 0o644);
      await until('the new value', () => watched.current === 'ok 2');
    },
  );

  test('a secret that others may read is refused, what is no secret beside it is not', async () => {
    const certificate = temp.write('certificate', 'ok 1');
    const key = temp.write('key', 'ok 1');
    chmodSync(certificate, 0o644);
    chmodSync(key, 0o644);
    await expect(start([certificate, key], [key])).rejects.toThrow(
      'file 2 holds a secret, and others may read it',
    );
    chmodSync(key, 0o600);
    const { watched } = await start([certificate, key], [key]);
    expect(watched.current).toBe('ok 1|ok 1');
  });

  test.each(NOT_OURS)('a file %s', async (problem, spoil) => {
    const path = temp.write('policy', 'ok 1');
    spoil(path);
    await expect(start([path])).rejects.toThrow(`--policy: the file ${problem}`);
  });
});
