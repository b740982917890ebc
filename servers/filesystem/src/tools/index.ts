import { findFiles } from './find-files.ts';
import { listDirectory } from './list-directory.ts';
import { listRoots } from './list-roots.ts';
import { readFile } from './read-file.ts';
import { readFiles } from './read-files.ts';
import { searchText } from './search-text.ts';
import { workspace } from './workspace.ts';

/** Everything that a client can use: the whole surface of this server. */
export const tools = [
  listRoots,
  readFile,
  readFiles,
  listDirectory,
  findFiles,
  searchText,
] as const;
export const resources = [workspace] as const;
