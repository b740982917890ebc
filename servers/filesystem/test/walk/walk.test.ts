import { linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readBytes } from '../../src/adapter/read/chunks.ts';
import type { WalkRules } from '../../src/adapter/walk/walk.ts';
import { openRootDirectory, rulesOf, SANDBOXES, walkTo } from './tree.ts';

const temp = makeTemp();
const root = join(temp.path, 'root');
let socket: Server;

beforeAll(() => {
  temp.write('root/file.txt', 'inside');
  temp.write('root/inner/deep/file.txt', 'deep');
  temp.write('root/.env', 'SECRET=1');
  temp.write('root/keys/server.pem', 'KEY');
  temp.write('root/caf\u00E9.txt', 'utf-8');
  temp.write('outside.txt', 'OUTSIDE');
  temp.write('root-sibling/file.txt', 'OUTSIDE');
  mkdirSync(join(temp.path, 'outside'));
  temp.write('outside/file.txt', 'OUTSIDE');
  const links: readonly (readonly [name: string, target: string])[] = [
    ['in-file', 'file.txt'],
    ['in-dir', 'inner'],
    ['in-up', 'inner/../file.txt'],
    ['in-absolute', join(root, 'inner/deep')],
    ['in-root', root],
    ['in-chain', 'in-dir/deep/file.txt'],
    ['in-slash', 'inner/'],
    ['file-slash', 'file.txt/'],
    ['out-file', '../outside.txt'],
    ['out-dir', '../outside'],
    ['out-absolute', join(temp.path, 'outside.txt')],
    ['out-prefix', join(temp.path, 'root-sibling')],
    ['out-etc', '/etc/passwd'],
    ['out-proc', '/proc/self/root/etc/passwd'],
    ['out-through', 'inner/../../outside.txt'],
    ['out-chain', 'out-dir/file.txt'],
    ['dangling', 'nowhere'],
    ['dangling-out', '../nowhere'],
    ['loop', 'loop'],
    ['loop-a', 'loop-b'],
    ['loop-b', 'loop-a'],
    ['to-env', '.env'],
    ['inner/up', '../..'],
  ];
  for (const [name, target] of links) symlinkSync(target, join(root, name));
  linkSync(join(temp.path, 'outside.txt'), join(root, 'hard.txt'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  socket = createServer().listen(join(root, 'socket'));
});
afterAll(() => {
  socket.close();
  temp.remove();
});

describe.each(SANDBOXES)('the %s walk', (sandbox) => {
  function read(path: string, rules: WalkRules = rulesOf(root), top = root): string {
    const directory = openRootDirectory(sandbox, top);
    const before = openDescriptors();
    try {
      const destination = walkTo(directory, path, rules);
      const text =
        destination.kind === 'file'
          ? readBytes(destination.file.descriptor, 0, 100).toString()
          : `[${destination.directory.names.join('/')}]`;
      destination.close();
      return text;
    } catch (error) {
      return `${String(Object(error).code)} ${String(Object(error).detail)}`;
    } finally {
      expect(openDescriptors()).toEqual(before);
      directory.done();
    }
  }

  test.each([
    ['file.txt', 'inside'],
    ['inner/deep/file.txt', 'deep'],
    ['inner/../file.txt', 'inside'],
    ['inner/deep/../../file.txt', 'inside'],
    ['./inner/./deep', '[inner/deep]'],
    ['', '[]'],
    ['inner/', '[inner]'],
    ['caf\u00E9.txt', 'utf-8'],
    ['in-file', 'inside'],
    ['in-dir/deep/file.txt', 'deep'],
    ['in-up', 'inside'],
    ['in-absolute/file.txt', 'deep'],
    ['in-root/file.txt', 'inside'],
    ['in-chain', 'deep'],
    ['in-slash', '[inner]'],
    ['in-dir/../file.txt', 'inside'],
  ])(verifies('C3.links', '%j leads to %s'), (path, text) => {
    expect(read(path)).toBe(text);
  });

  test.each([
    ['..', 'outside the root'],
    ['../outside.txt', 'outside the root'],
    ['inner/../../outside.txt', 'outside the root'],
    ['out-file', 'outside the root'],
    ['out-dir', 'outside the root'],
    ['out-dir/file.txt', 'outside the root'],
    ['out-through', 'outside the root'],
    ['out-chain', 'outside the root'],
    ['dangling-out', 'outside the root'],
    ['inner/up', 'outside the root'],
    ['in-dir/../../outside.txt', 'outside the root'],
    ['out-absolute', 'a link leads outside'],
    ['out-prefix', 'a link leads outside'],
    ['out-prefix/file.txt', 'a link leads outside'],
    ['out-etc', 'a link leads outside'],
    ['out-proc', 'a link leads outside'],
    ['dangling', 'ENOENT'],
    ['missing', 'ENOENT'],
    ['missing/deeper', 'ENOENT'],
    ['loop', 'too many links'],
    ['loop-a', 'too many links'],
    ['file.txt/', 'a file is no directory'],
    ['file.txt/x', 'a file is no directory'],
    ['file-slash', 'a file is no directory'],
  ])(verifies('C3.links', '%j is refused: %s'), (path, detail) => {
    expect(read(path)).toBe(`path.refused ${detail}`);
  });

  test.each(['pipe', 'socket'])(verifies('C3.special', '%j is never opened'), (path) => {
    expect(read(path)).toBe('file.special undefined');
  });

  test.each([
    ['/dev', 'null'],
    ['/dev', 'zero'],
    ['/dev', 'full'],
    ['/dev', 'random'],
    ['/dev', 'tty'],
    ['/', 'dev/null'],
  ])(verifies('C3.special', 'beneath %s, the device %s is never opened'), (top, path) => {
    expect(read(path, rulesOf(top), top)).toBe('file.special undefined');
  });

  test.each(['proc/version', 'proc/self/environ', 'proc/self/fd', 'sys/kernel/mm', 'proc', 'sys'])(
    verifies('C3.special', 'beneath /, the file system of the kernel at %s is never entered'),
    (path) => {
      expect(read(path, rulesOf('/'), '/')).toBe('file.special undefined');
    },
  );

  test(
    verifies(
      'C6.denied-names',
      'a denied name is refused by its name, in any case, and through links',
    ),
    () => {
      const rules = rulesOf(root, ['.env', '*.PEM']);
      expect(read('.env', rules)).toBe('path.denied undefined');
      expect(read('.ENV', rules)).toBe('path.denied undefined');
      expect(read('missing/../.env', rules)).toBe('path.refused ENOENT');
      expect(read('keys/server.pem', rules)).toBe('path.denied undefined');
      expect(read('to-env', rules)).toBe('path.refused denied, by a link');
      expect(read('keys/server.pem', rulesOf(root, ['keys']))).toBe('path.denied undefined');
      expect(read('keys/server.pem', rulesOf(root, ['inner']))).toBe('KEY');
    },
  );

  test.each([
    ['in-dir/deep/file.txt', 'in-dir/deep', 'path.denied undefined'],
    ['in-dir/deep/file.txt', 'in-dir/deep/*.txt', 'path.denied undefined'],
    ['in-dir/missing/file.txt', 'in-dir/missing', 'path.denied undefined'],
    ['./keys/../in-dir/./deep/../deep', 'in-dir/deep', 'path.denied undefined'],
    ['in-absolute/file.txt', 'in-absolute/file.txt', 'path.denied undefined'],
    ['in-root/in-dir/deep', 'in-root/in-dir/deep', 'path.denied undefined'],
    // What the link says is judged by where it leads; its own steps nobody wrote.
    ['in-dir/deep/file.txt', 'inner/deep', 'path.refused denied, by a link'],
    ['in-dir/deep/file.txt', 'in-dir/inner', 'deep'],
    ['inner/deep/file.txt', 'in-dir/deep', 'deep'],
  ])(
    verifies('C6.denied-names', 'read as %s, what %s closes is closed behind a link'),
    (path, glob, answer) => {
      expect(read(path, rulesOf(root, [glob]))).toBe(answer);
    },
  );

  test(verifies('C3.hard-links', 'a file with another name is read as the policy says'), () => {
    expect(read('hard.txt', rulesOf(root, [], 'deny'))).toBe('file.hard_link undefined');
    expect(read('hard.txt', rulesOf(root, [], 'owned'))).toBe('OUTSIDE');
    expect(read('hard.txt', rulesOf(root, [], 'allow'))).toBe('OUTSIDE');
  });
});

/** Everything that this process holds open, without the descriptor that lists it. */
function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [`${descriptor} ${readlinkSync(`/proc/self/fd/${descriptor}`)}`];
    } catch {
      return [];
    }
  });
}
