export {
  type Argument,
  lineRange,
  object,
  option,
  paths,
  range,
  ref,
  without,
  word,
} from './argument.ts';
export {
  type Cursor,
  type CursorPosition,
  cursorText,
  readCursor,
  START,
  writeCursor,
} from './cursor.ts';
export { since, until } from './date.ts';
export { isDotGit } from './dot-git.ts';
export { type Ere, ere } from './ere.ts';
export { type Needle, needle } from './needle.ts';
export { type Oid, parseOid } from './oid.ts';
export {
  parseTreePath,
  textFromTreePath,
  TOP,
  type TreePath,
  treePath,
  treePathFromBytes,
} from './path.ts';
export { type RefName, refName, refNameFromGit } from './ref-name.ts';
export { refuse, REFUSALS } from './refusals.ts';
export {
  labelOf,
  parseRepositoryId,
  type RepositoryId,
  repositoryId,
  repositoryIdFrom,
} from './repository-id.ts';
export { parseRevision, type Revision, revision } from './revision.ts';
export { blobUri, commitUri, diffUri, isUri, type ParsedUri, parseUri, SCHEME } from './uri.ts';
export { hasKnownHoles, isTooOld, parseGitVersion, textOfVersion } from './version.ts';
