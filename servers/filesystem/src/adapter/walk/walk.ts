import { closeSync } from 'node:fs';

import { type Name, nameFromDisk, refuse } from '../../guard/index.ts';
import { type HardLinks, LIMITS } from '../../policy.ts';
import type { DenyRules } from '../deny.ts';
import type { Directory, Found } from './directory.ts';

/** What a walk must know beside the names. */
export interface WalkRules {
  readonly deny: DenyRules;
  readonly hardLinks: HardLinks;
  /** How an absolute link into the root itself begins. */
  readonly rootPath: string;
}

type OpenFile = Extract<Found, { kind: 'file' }>;

/** Where a path leads: a directory that is held, or a file that is open. */
export type Destination =
  | {
      readonly kind: 'directory';
      readonly directory: Directory;
      /** What holds beneath it. */
      readonly rules: WalkRules;
      close(): void;
    }
  | {
      readonly kind: 'file';
      readonly file: OpenFile;
      readonly names: readonly Name[];
      close(): void;
    };

/** Steps of a path and of every link on its way. A chain of links could otherwise multiply them. */
const STEPS_MAX = 1024;
const WINDOWS = process.platform === 'win32';
const SEPARATOR = WINDOWS ? /[/\\]/ : '/';
const SEPARATOR_FIRST = WINDOWS ? /^[/\\]/ : /^\//;

/**
 * Follows steps from a root and never leaves it: RESOLVE_BENEATH of openat2(2) in user space.
 *
 * Each name is opened beneath the directory that is already held. A link is not followed by the
 * kernel: its text becomes further steps. `..` goes back along the directories that are held, and
 * there is none above the root.
 */
export function walk(root: Directory, steps: readonly Name[], rules: WalkRules): Destination {
  const under: Underway = {
    held: [root],
    ahead: steps.toReversed(),
    asked: steps.length,
    written: [],
    links: 0,
    taken: 0,
  };
  try {
    for (let step = under.ahead.pop(); step !== undefined; step = under.ahead.pop()) {
      under.taken += 1;
      if (under.taken > STEPS_MAX) refuse('path.refused', { detail: 'too many steps' });
      const isWritten = under.ahead.length < under.asked;
      if (isWritten) under.asked -= 1;
      if (step === '.') continue;
      const file = step === '..' ? goBack(under, isWritten) : goTo(step, isWritten, under, rules);
      if (file !== undefined) return file;
    }
    const directory = under.held.pop() ?? root;
    const close = (): void => directory.close();
    return { kind: 'directory', directory, rules: rulesBeneath(directory, under, rules), close };
  } finally {
    for (const directory of under.held) directory.close();
  }
}

/** A walk on its way. */
interface Underway {
  /** From the root to here, each open. */
  readonly held: Directory[];
  /** What is still to be taken, the next step last. */
  readonly ahead: Name[];
  /** How many of them the caller wrote. The others are the text of a link, and come first. */
  asked: number;
  /** The names to here as the caller wrote them: a link is a name, wherever it led. */
  readonly written: Name[];
  links: number;
  taken: number;
}

function goBack({ held, written }: Underway, isWritten: boolean): undefined {
  if (held.length === 1) refuse('path.refused', { detail: 'outside the root' });
  held.pop()?.close();
  if (isWritten) written.pop();
}

function goTo(
  step: Name,
  isWritten: boolean,
  under: Underway,
  rules: WalkRules,
): Destination | undefined {
  const here = under.held.at(-1) ?? refuse('path.refused');
  if (isWritten) refuseWritten(rules, under, step);
  if (under.links > 0) refuseReached(rules, here, step);
  const found = here.look(step);
  switch (found.kind) {
    case 'directory':
      under.held.push(found.directory);
      return undefined;
    case 'link':
      followLink(found.target, under, rules);
      return undefined;
    case 'file':
      return arrive(found, [...here.names, step], under, rules);
    case 'special':
      return refuse('file.special');
    case 'missing':
      return refuse('path.refused', { detail: found.reason });
  }
}

/**
 * A name that the caller wrote is refused by its name alone, whether or not it exists. It is judged as it
 * is written: `.git/config` is closed as well where `.git` is a link.
 */
function refuseWritten({ deny }: WalkRules, { written }: Underway, step: Name): void {
  if (deny.denies(written, step)) refuse('path.denied');
  written.push(step);
}

/**
 * Behind a link, a name is judged once more by where it stands. What the link brought in is refused like
 * a missing one, or refusals would spell out the link.
 */
function refuseReached({ deny }: WalkRules, here: Directory, step: Name): void {
  if (deny.denies(here.names, step)) refuse('path.refused', { detail: 'denied, by a link' });
}

/** What is closed behind a link as the caller writes it is closed in listings and searches, too. */
function rulesBeneath(
  { names }: Directory,
  { links, written }: Underway,
  rules: WalkRules,
): WalkRules {
  if (links === 0) return rules;
  const denies = (directory: readonly Name[], name: Name): boolean =>
    rules.deny.denies(directory, name) ||
    rules.deny.denies([...written, ...directory.slice(names.length)], name);
  return { ...rules, deny: { denies } };
}

/** Puts the text of a link in the place of its name. An absolute one starts over at the root, if it leads beneath it. */
function followLink(target: Name, under: Underway, { rootPath }: WalkRules): void {
  under.links += 1;
  if (under.links > LIMITS.linksMax) refuse('path.refused', { detail: 'too many links' });
  const rest = beneathRoot(target, rootPath);
  if (rest !== undefined) {
    while (under.held.length > 1) under.held.pop()?.close();
  }
  under.ahead.push(...linkSteps(rest ?? target).toReversed());
}

/** What follows the root in an absolute link; `undefined` for a relative one. Any other leads outside. */
function beneathRoot(target: string, rootPath: string): string | undefined {
  const absolute = WINDOWS ? /^(?:[A-Za-z]:|[/\\])/.test(target) : target.startsWith('/');
  if (!absolute) return undefined;
  // The root of a system ends with its separator, and no other root does.
  const prefix = rootPath.replace(WINDOWS ? /[/\\]$/ : /\/$/, '');
  const rest = target.startsWith(prefix) ? target.slice(prefix.length) : undefined;
  if (rest === undefined || (rest !== '' && !SEPARATOR_FIRST.test(rest))) {
    return refuse('path.refused', { detail: 'a link leads outside' });
  }
  return rest;
}

/** A separator at the end asks for a directory, as it does for the kernel. */
function linkSteps(text: string): Name[] {
  const parts = text.split(SEPARATOR);
  const names = parts.filter((part) => part !== '').map(nameFromDisk);
  return parts.length > 1 && parts.at(-1) === '' ? [...names, nameFromDisk('.')] : names;
}

function arrive(
  file: OpenFile,
  names: readonly Name[],
  { ahead }: Underway,
  { hardLinks }: WalkRules,
): Destination {
  const close = (): void => closeSync(file.descriptor);
  const isEnd = ahead.length === 0;
  if (isEnd && mayBeRead(file.stats, hardLinks)) return { kind: 'file', file, names, close };
  close();
  return isEnd
    ? refuse('file.hard_link')
    : refuse('path.refused', { detail: 'a file is no directory' });
}

/** Judges a file by its link count and owner, on the open descriptor. */
export function mayBeRead(
  { nlink, uid }: { readonly nlink: number; readonly uid: number },
  hardLinks: HardLinks,
): boolean {
  if (nlink <= 1 || hardLinks === 'allow') return true;
  // Whoever may link a file of the server's own user could read it without the server.
  return hardLinks === 'owned' && uid === process.geteuid?.();
}
