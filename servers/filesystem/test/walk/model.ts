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
  let here: readonly string[] = [];
  let links = 0;
  let ahead = split(path);
  while (ahead.length > 0) {
    const [step = '', ...rest] = ahead;
    ahead = rest;
    if (step === '.') continue;
    if (step === '..') {
      if (here.length === 0) return REFUSED;
      here = here.slice(0, -1);
      continue;
    }
    const node = at(root, here)?.entries.get(step);
    if (node === undefined) return REFUSED;
    if (node.kind === 'directory') here = [...here, step];
    else if (node.kind === 'file')
      return ahead.length > 0 ? REFUSED : { kind: 'file', content: node.content };
    else {
      links += 1;
      if (links > LINKS_MAX) return REFUSED;
      const target = relativeTarget(node.target, rootPath);
      if (target === undefined) return REFUSED;
      if (node.target.startsWith('/')) here = [];
      ahead = [...split(target), ...ahead];
    }
  }
  return { kind: 'directory', path: here.join('/') };
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
