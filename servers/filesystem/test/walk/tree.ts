import { closeSync, constants, openSync, statSync } from 'node:fs';

import { compileDeny } from '../../src/adapter/deny.ts';
import { descriptorRoot, O_PATH } from '../../src/adapter/walk/descriptor.ts';
import type { Directory } from '../../src/adapter/walk/directory.ts';
import { portableRoot } from '../../src/adapter/walk/portable.ts';
import { type Destination, walk, type WalkRules } from '../../src/adapter/walk/walk.ts';
import { nameFromText } from '../../src/guard/index.ts';
import type { HardLinks } from '../../src/policy.ts';

/** Both ways to walk, on the same directory. */
export const SANDBOXES = ['descriptor', 'portable'] as const;
export type SandboxName = (typeof SANDBOXES)[number];

export function openRootDirectory(
  sandbox: SandboxName,
  path: string,
): Directory & { done(): void } {
  if (sandbox === 'portable') {
    const { dev, ino } = statSync(path, { bigint: true });
    return { ...portableRoot(path, { dev, ino }), done: () => undefined };
  }
  const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
  return { ...descriptorRoot(descriptor), done: () => closeSync(descriptor) };
}

export function rulesOf(
  rootPath: string,
  deny: readonly string[] = [],
  hardLinks: HardLinks = 'owned',
): WalkRules {
  return { deny: compileDeny({ usual: deny, allow: [], closed: [] }), hardLinks, rootPath };
}

/** Walks to a path that is written with slashes. */
export function walkTo(root: Directory, path: string, rules: WalkRules): Destination {
  const parts = path.split('/');
  const steps = parts.filter((part) => part !== '');
  const asked = parts.length > 1 && parts.at(-1) === '' ? [...steps, '.'] : steps;
  return walk(root, asked.map(nameFromText), rules);
}
