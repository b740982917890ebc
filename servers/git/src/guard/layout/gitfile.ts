import { type Oid, parseOid } from '../oid.ts';
import { type RefName, refNameFromGit } from '../ref-name.ts';

/**
 * The small files by which one directory of git points to another. They are read here and not by git,
 * which follows whatever they say: to another repository's history, or to any file whose first line it
 * then prints in an error.
 *
 * All take the whole file, read as UTF-8. Where bytes were no UTF-8 there is U+FFFD in it, and a name
 * with that is refused: it would name something else.
 */

/** What a pointer says, or why it says nothing. The path is as it was written; nothing says where it leads. */
export type Pointer =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly problem: PointerProblem };

type PointerProblem = 'not a pointer' | 'empty' | 'several lines' | 'encoding';

/** Reads a `.git` file: `gitdir: PATH`. */
export function parseGitfile(text: string): Pointer {
  const prefix = 'gitdir: ';
  return text.startsWith(prefix) ? pointerOf(text.slice(prefix.length)) : no('not a pointer');
}

/** Reads `commondir`, by which a linked work tree shares another one's directory. */
export function parseCommondir(text: string): Pointer {
  return pointerOf(text);
}

/** git strips all line ends behind the path, and takes any other for a part of it. */
function pointerOf(text: string): Pointer {
  const path = trimmedEnd(text, '\n\r');
  if (path === '') return no('empty');
  if (/[\n\r\0]/.test(path)) return no('several lines');
  return path.includes('\ufffd') ? no('encoding') : { ok: true, path };
}

function no(problem: PointerProblem): Pointer {
  return { ok: false, problem };
}

/** A pattern would start again at each of a million line ends. */
function trimmedEnd(text: string, letters: string): string {
  let end = text.length;
  while (end > 0 && letters.includes(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

type Head =
  | { readonly kind: 'symbolic'; readonly name: RefName }
  | { readonly kind: 'detached'; readonly oid: Oid }
  | { readonly kind: 'problem' };

/** HEAD names a branch or a commit. A name beyond this is none that git makes. */
const HEAD_CHARACTERS_MAX = 4096;

/** What C takes for a space. A space of Unicode is a part of a name. */
const SPACES = ' \t\n\v\f\r';

/** Reads `HEAD`. What is copied into the private directory is written anew from this. */
export function parseHead(text: string): Head {
  if (text.length > HEAD_CHARACTERS_MAX || text.includes('\ufffd')) return { kind: 'problem' };
  const line = trimmedEnd(text, SPACES);
  if (line.startsWith('ref:')) {
    const name = refNameFromGit(line.slice('ref:'.length).replace(/^[ \t\n\v\f\r]+/, ''));
    // A HEAD that names itself has no end.
    return name === undefined || name === 'HEAD' ? { kind: 'problem' } : { kind: 'symbolic', name };
  }
  const oid = parseOid(line);
  return oid === undefined ? { kind: 'problem' } : { kind: 'detached', oid };
}

/**
 * Reads `shallow`: where the history of a shallow clone ends. Undefined for what is no list of names of
 * objects: git would print the first line that is not, and the file can be a link.
 */
export function parseShallow(text: string): readonly Oid[] | undefined {
  if (text === '') return [];
  const oids: Oid[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const oid = parseOid(line);
    if (oid === undefined) return undefined;
    oids.push(oid);
  }
  return oids;
}
