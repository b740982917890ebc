/**
 * "Beneath the root", said a second time and in another way: as a tree in memory, with neither
 * descriptors nor system calls. What the walk does on a disk has to agree with it.
 */

/** A tree: a directory is a map, a file its content, a link its text. */
export type Node =
  | { readonly kind: 'directory'; readonly entries: ReadonlyMap<string, Node> }
  | { readonly kind: 'file'; readonly content: string }
  | { readonly kind: 'link'; readonly target: string };

export type Verdict =
  | { readonly kind: 'file'; readonly content: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'refused' };

const REFUSED: Verdict = { kind: 'refused' };
const LINKS_MAX = 40;

type Directory = Extract<Node, { kind: 'directory' }>;

/** Decides where a path leads. `rootPath` is where the tree stands on the disk: absolute links may lead back into it. */
export function decide(root: Directory, path: string, rootPath: string): Verdict {
  let place: Place = { here: [], ahead: split(path), links: 0 };
  while (place.ahead.length > 0) {
    const [step, ...ahead] = place.ahead;
    const next =
      step === '.' || step === '..' ? move(step, { ...place, ahead }) : take(root, place, rootPath);
    if ('kind' in next) return next;
    place = next;
  }
  return { kind: 'directory', path: place.here.join('/') };
}

interface Place {
  readonly here: readonly string[];
  readonly ahead: readonly string[];
  readonly links: number;
}

/** A step that names nothing. */
function move(step: '.' | '..', place: Place): Place | Verdict {
  if (step === '.') return place;
  return place.here.length === 0 ? REFUSED : { ...place, here: place.here.slice(0, -1) };
}

/** A step by a name: a new place, or the end. */
function take(
  root: Directory,
  { here, ahead: [step = '', ...ahead], links }: Place,
  rootPath: string,
): Place | Verdict {
  const node = at(root, here)?.entries.get(step);
  switch (node?.kind) {
    case 'directory':
      return { here: [...here, step], ahead, links };
    case 'file':
      return ahead.length > 0 ? REFUSED : { kind: 'file', content: node.content };
    case 'link': {
      const target = links === LINKS_MAX ? undefined : relativeTarget(node.target, rootPath);
      if (target === undefined) return REFUSED;
      const from = node.target.startsWith('/') ? [] : here;
      return { here: from, ahead: [...split(target), ...ahead], links: links + 1 };
    }
    case undefined:
      return REFUSED;
  }
}

function at(root: Directory, path: readonly string[]): Directory | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = node?.kind === 'directory' ? node.entries.get(step) : undefined;
  return node?.kind === 'directory' ? node : undefined;
}

function relativeTarget(target: string, rootPath: string): string | undefined {
  if (!target.startsWith('/')) return target;
  if (target === rootPath) return '.';
  return target.startsWith(`${rootPath}/`) ? target.slice(rootPath.length + 1) : undefined;
}

/** A slash at the end asks for a directory. */
function split(path: string): readonly string[] {
  const steps = path.split('/').filter((step) => step !== '');
  return path.endsWith('/') && steps.length > 0 ? [...steps, '.'] : steps;
}
