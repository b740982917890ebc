import { cpSync } from 'node:fs';

import { git } from '../run.ts';

/** An ordinary repository, of which a reader has to say the same as plain git. */
export interface OrdinaryLayout {
  readonly name: string;
  /** Where it is. Its directory is not there when `needs` says why. */
  readonly path: string;
  /** What this machine's git lacks. */
  readonly needs?: string;
  /** What is special about it. */
  readonly notes: string;
}

/** Where a layout is built: what it needs beside itself is a sibling of its path. */
export interface LayoutPlace {
  readonly path: string;
  readonly directory: string;
  /** The ordinary small repository, to be copied and cloned. */
  readonly template: string;
}

export interface LayoutPlan {
  readonly name: string;
  readonly notes: string;
  /** The first version of git that can. */
  readonly since?: string;
  build(place: LayoutPlace): void;
}

/** Copies the ordinary repository. */
export function copyTemplate({ path, template }: LayoutPlace): void {
  cpSync(template, path, { recursive: true });
}

/** Copies it and forgets what is changed and not committed. */
export function copyClean(place: LayoutPlace): void {
  copyTemplate(place);
  git(place.path, ['reset', '--quiet', '--hard']);
}

/** Commits everything that is in the work tree. */
export function commitAll(repository: string, message: string, minute: number): void {
  git(repository, ['add', '--all']);
  git(repository, ['commit', '--quiet', '--allow-empty', '--message', message], { minute });
}

/** Clones the ordinary repository, from a file as if from afar. */
export function cloneTemplate(
  { path, directory, template }: LayoutPlace,
  ...words: string[]
): void {
  git(directory, ['clone', '--quiet', '--template=', ...words, template, path]);
  for (const [key, value] of [
    ['user.name', 'Ada Author'],
    ['user.email', 'ada@example.org'],
  ])
    git(path, ['config', String(key), String(value)]);
}
