export { type Cursor, cursorText, readCursor, START, writeCursor } from './cursor.ts';
export { globProblem } from './glob.ts';
export {
  isAscii,
  matchableName,
  type Name,
  nameFromDisk,
  nameFromText,
  textFromName,
} from './name.ts';
export { createPathGuard, labelOf, type PathInRoot, requestedPath } from './path.ts';
export { type Glob, glob, type SearchPattern, searchPattern } from './pattern.ts';
export { refuse, REFUSALS } from './refusals.ts';
export { parseUri, SCHEME, uriOf } from './uri.ts';
