import {
  boundedText,
  NAME_BYTES_MAX,
  PATH_CHARACTERS_MAX,
  PATH_STEPS_MAX,
  stepProblem,
  type Trusted,
} from '@secure-mcp/validation';

import { findRights, type Root, type RootRights } from '../policy.ts';
import { type Name, nameFromText, textFromName } from './name.ts';
import { refuse } from './refusals.ts';

/** A path as a caller writes it: `root:steps`, steps beneath the first root, or an absolute path. */
export const requestedPath = boundedText(PATH_CHARACTERS_MAX);

/**
 * A way through a root that the caller may use: the root's name, and steps that are each one name.
 *
 * Not promised: that anything is there, or where it leads. A step can be `..` or the name of a link;
 * only the walk in `adapter/walk`, which holds each directory open, decides whether the end lies
 * beneath the root. A string that was checked could be swapped before it is opened (CWE-367).
 */
export type PathInRoot = Trusted<
  { readonly root: string; readonly rights: RootRights; readonly steps: readonly Name[] },
  'PathInRoot'
>;

export interface PathGuard {
  /** Reads a caller's path. */
  parse(text: string): PathInRoot;
  /** Takes a root's name and the steps of a URI apart from each other. */
  within(root: string, steps: readonly string[]): PathInRoot;
}

/** Makes the guard for one caller: other roots do not exist for it. */
export function createPathGuard(roots: readonly Root[], rights: readonly RootRights[]): PathGuard {
  const usable = roots.filter(({ name }) => findRights(rights, name) !== undefined);
  const within = (root: string, steps: readonly string[]): PathInRoot => {
    const found = findRights(rights, root) ?? refuse('path.refused', { detail: 'unknown root' });
    if (steps.length > PATH_STEPS_MAX) refuse('path.invalid', { hint: 'It has too many steps.' });
    const path: unknown = { root, rights: found, steps: steps.map(parseStep) };
    return path as PathInRoot;
  };
  return {
    within,
    parse(text) {
      const absolute = absoluteIn(usable, text);
      if (absolute !== undefined) return within(absolute.root, splitSteps(absolute.rest));
      if (isAbsolute(text)) refuse('path.refused', { detail: 'absolute, outside the roots' });
      const colon = text.indexOf(':');
      const named = usable.find(({ name }) => colon > 0 && name === text.slice(0, colon));
      if (named !== undefined) return within(named.name, splitSteps(text.slice(colon + 1)));
      const [first] = usable;
      if (first === undefined) return refuse('path.refused', { detail: 'no root may be used' });
      return within(first.name, splitSteps(text));
    },
  };
}

/** Writes a path the way {@link PathGuard.parse} reads it: every hidden character shown, one line. */
export function labelOf(root: string, names: readonly Name[]): string {
  return `${root}:${names.map(textFromName).join('/')}`;
}

interface Within {
  readonly root: string;
  readonly rest: string;
}

/** An absolute path counts only beneath a spelling of a root; the text alone is compared, never the disk. */
function absoluteIn(roots: readonly Root[], text: string): Within | undefined {
  const candidates = roots.flatMap(({ name, spellings }) =>
    spellings
      .filter((spelling) => text === spelling || text.startsWith(withSeparator(spelling)))
      .map((spelling) => ({
        root: name,
        rest: text.slice(spelling.length),
        length: spelling.length,
      })),
  );
  return candidates.sort((a, b) => b.length - a.length)[0];
}

function withSeparator(spelling: string): string {
  return /[/\\]$/.test(spelling) ? spelling : `${spelling}${WINDOWS ? '\\' : '/'}`;
}

const WINDOWS = process.platform === 'win32';

function isAbsolute(text: string): boolean {
  return WINDOWS ? /^(?:[/\\]|[A-Za-z]:)/.test(text) : text.startsWith('/');
}

function splitSteps(text: string): readonly string[] {
  const steps = text.split(WINDOWS ? /[/\\]/ : '/');
  // Empty steps say nothing, except at the end: `name/` asks for a directory, as `name/.` does.
  return steps.flatMap((step, index) => {
    if (step !== '') return [step];
    return index > 0 && index === steps.length - 1 ? ['.'] : [];
  });
}

function parseStep(step: string): Name {
  const name = nameFromText(step);
  const problem = stepProblem(name, process.platform);
  if (problem !== undefined) refuse('path.invalid', { hint: STEP_HINTS[problem] });
  return name;
}

const STEP_HINTS: Readonly<Record<NonNullable<ReturnType<typeof stepProblem>>, string>> = {
  separator: 'A name cannot hold a separator.',
  nul: 'A name cannot hold NUL.',
  'too long': `A name has at most ${String(NAME_BYTES_MAX)} bytes.`,
  reserved: 'The name is reserved for a device.',
  'trailing dot or space': 'A name cannot end with a dot or a space here.',
  stream: 'A name cannot hold a colon here.',
  'short name': 'Short names are not accepted.',
};
