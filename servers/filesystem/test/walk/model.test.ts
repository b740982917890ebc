import { execFileSync, spawnSync } from 'node:child_process';
import { fstatSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { attacks, makeTemp, verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { readBytes } from '../../src/adapter/read/chunks.ts';
import { decide, type Node, type Verdict } from './model.ts';
import { openRootDirectory, rulesOf, SANDBOXES, walkTo } from './tree.ts';

const temp = makeTemp();
afterAll(() => temp.remove());
const root = join(temp.path, 'root');
temp.write('outside/file', 'OUTSIDE');

/** Trees with few names, many links, and some that lead out. */
const { tree } = fc.letrec<{ tree: Node; node: Node; link: Node; file: Node }>((tie) => ({
  tree: fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom('a', 'b', 'dir', 'inner', 'link', 'up', 'loop', 'away', 'file'),
        tie('node'),
      ),
      { selector: ([name]) => name, maxLength: 6 },
    )
    .map((entries): Node => ({ kind: 'directory', entries: new Map(entries) })),
  node: fc.oneof({ maxDepth: 3 }, tie('file'), tie('link'), tie('link'), tie('tree')),
  link: fc
    .oneof(
      attacks.anyLinkTarget,
      fc.constantFrom(root, `${root}/a`, `${root}/dir/b`, `${root}-sibling`),
      // A slash at the end asks for a directory, and what stands there may be a file.
      fc.constantFrom('a/', 'b/', 'file/', 'dir/', './file/.'),
    )
    .filter((target) => target !== '')
    .map((target): Node => ({ kind: 'link', target })),
  file: fc.nat(99).map((content): Node => ({ kind: 'file', content: `inside ${String(content)}` })),
}));

/** Links that chance would seldom put beside what they lead to. */
const RARE: Node = {
  kind: 'directory',
  entries: new Map<string, Node>([
    ['file', { kind: 'file', content: 'inside' }],
    ['dir', { kind: 'directory', entries: new Map([['up', { kind: 'link', target: '../..' }]]) }],
    ['to-file', { kind: 'link', target: 'file/' }],
    ['to-file-dot', { kind: 'link', target: 'file/.' }],
    ['to-dir', { kind: 'link', target: 'dir/' }],
    ['to-up', { kind: 'link', target: 'dir/up' }],
    ['to-link', { kind: 'link', target: 'to-file' }],
    // Another directory, whose path begins as ours does.
    ['to-sibling', { kind: 'link', target: `${root}file` }],
  ]),
};
const RARE_PATHS = [
  'to-file',
  'to-file-dot',
  'to-dir',
  'to-dir/..',
  'to-up',
  'to-link',
  'to-sibling',
  'file/',
];

/** The kernel refuses every absolute path; ours never reach the walk. */
const relativePath = attacks.anyPath.filter((path) => !path.startsWith('/'));

function build(path: string, node: Node): void {
  if (node.kind === 'file') writeFileSync(path, node.content);
  else if (node.kind === 'link') symlinkSync(node.target, path);
  else {
    mkdirSync(path);
    for (const [name, child] of node.entries) build(join(path, name), child);
  }
}

function rebuild(node: Node): void {
  rmSync(root, { recursive: true, force: true });
  build(root, node);
}

describe.each(SANDBOXES)('the %s walk', (sandbox) => {
  function walked(path: string): Verdict & { readonly inode?: number } {
    const directory = openRootDirectory(sandbox, root);
    try {
      const destination = walkTo(directory, path, rulesOf(root));
      try {
        if (destination.kind === 'file') {
          const { descriptor } = destination.file;
          const content = readBytes(descriptor, 0, 100).toString();
          return { kind: 'file', content, inode: fstatSync(descriptor).ino };
        }
        const { names, here } = destination.directory;
        return {
          kind: 'directory',
          path: names.join('/'),
          inode: statSync(here.call(destination.directory)).ino,
        };
      } finally {
        destination.close();
      }
    } catch {
      return { kind: 'refused' };
    } finally {
      directory.done();
    }
  }

  test(verifies('C10.paths', 'C3.links', 'agrees with a model that knows no disk'), () => {
    fc.assert(
      fc.property(
        tree,
        fc.array(attacks.anyPath, { minLength: 12, maxLength: 12 }),
        (node, paths) => {
          if (node.kind !== 'directory') return;
          rebuild(node);
          for (const path of paths) {
            const { inode: _inode, ...verdict } = walked(path);
            expect({ path, ...verdict }).toEqual({ path, ...decide(node, path, root) });
          }
        },
      ),
      { numRuns: 150, examples: [[RARE, RARE_PATHS]] },
    );
  });

  const oracle = kernelOracle();
  const skipped = oracle === undefined ? '' : ` (skipped: ${oracle})`;
  test.skipIf(oracle !== undefined)(
    verifies('C3.kernel', `decides as the kernel does${skipped}`),
    () => {
      fc.assert(
        fc.property(
          tree,
          fc.array(relativePath, { minLength: 20, maxLength: 20 }),
          (node, paths) => {
            // The kernel refuses every absolute link; ours may lead back into the root.
            rebuild(withoutAbsoluteLinks(node));
            const verdicts = paths.map((path) => walked(path).inode ?? null);
            expect(Object.fromEntries(paths.map((path, index) => [path, verdicts[index]]))).toEqual(
              Object.fromEntries(askKernel(paths)),
            );
          },
        ),
        { numRuns: 40, examples: [[RARE, RARE_PATHS]] },
      );
    },
  );
});

const SCRIPT = fileURLToPath(new URL('./kernel.py', import.meta.url));

function askKernel(paths: readonly string[]): readonly (readonly [string, number | null])[] {
  const answer = execFileSync('python3', [SCRIPT, root], { input: JSON.stringify(paths) });
  const inodes: unknown = JSON.parse(answer.toString());
  return paths.map((path, index) => [path, Array.isArray(inodes) ? inodes[index] : null]);
}

/** Why the kernel cannot be asked here, or `undefined`. */
function kernelOracle(): string | undefined {
  const { error, status } = spawnSync('python3', [SCRIPT, temp.path], { input: '["."]' });
  if (error !== undefined) return 'there is no python3';
  return status === 0 ? undefined : 'the kernel has no openat2';
}

function withoutAbsoluteLinks(node: Node): Node {
  if (node.kind === 'link')
    return node.target.startsWith('/') ? { ...node, target: 'missing' } : node;
  if (node.kind === 'file') return node;
  const entries = [...node.entries].map(
    ([name, child]) => [name, withoutAbsoluteLinks(child)] as const,
  );
  return { ...node, entries: new Map(entries) };
}
