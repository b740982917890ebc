import { beginningOf, textFromByteString } from '@secure-mcp/validation';

import type { Finding, Severity } from '../../policy.ts';
import type { HostBytes } from '../repository/plain-tree.ts';

/** What only the audit tells: none of it can reach this server's git, so none of it refuses. */
const TABLE = {
  'hooks.reading': [
    'executes',
    'A hook that plain git runs when a reading command refreshes the index: git status, git diff.',
  ],
  'hooks.writing': [
    'executes',
    'A hook that plain git runs when something is written: a commit, a checkout, a push, a merge.',
  ],
  'hooks.idle': ['notes', 'A hook that is not executable: plain git does not run it.'],
  'attributes.driver': [
    'executes',
    'Files are handed to a driver that the settings of the repository give a program.',
  ],
  'attributes.filter_named': [
    'notes',
    'Files are handed to a filter of this name. A program of it in your own settings would run.',
  ],
  'attributes.encoding': [
    'notes',
    'Files are converted between encodings when plain git reads the work tree.',
  ],
  'submodules.transport': [
    'executes',
    'A URL of a submodule names a program, or begins like an option. An update would use it.',
  ],
  'submodules.update': ['executes', 'An update of the submodule would run a command.'],
  'submodules.path': [
    'reads outside',
    'A path or a URL of a submodule leads outside, or begins like an option.',
  ],
  'submodules.present': [
    'executes',
    'Plain git starts git status inside of submodules, under their own settings. Audit them as well.',
  ],
  'submodules.file': [
    'breaks',
    'The file of submodules is a link, a pipe, too large or malformed.',
  ],
  'refs.option_like': [
    'executes',
    'The name of a ref begins like an option. A command line that holds it would be read otherwise.',
  ],
  'refs.replace': ['hides', 'Plain git shows other objects in the place of some.'],
  'objects.grafts': ['hides', 'Plain git shows other parents than the commits have.'],
  'objects.commit_graph': [
    'hides',
    'Plain git believes a file about parents and dates of commits without reading the commits.',
  ],
  'worktree.nested': [
    'reads outside',
    'A repository in the work tree lies elsewhere, or a part of it is a link. Plain git shows what is there.',
  ],
  'worktree.special': [
    'breaks',
    'A pipe or a device stands where plain git reads a file of the work tree. It would wait for it.',
  ],
} as const satisfies Record<string, readonly [Severity, string]>;

export type NoteId = keyof typeof TABLE;

/** A finding of the audit's own. `where` is bytes and is made visible here; it never holds a value. */
export function noteOf(id: NoteId, where: HostBytes): Finding {
  const [severity, effect] = TABLE[id];
  const shown = textFromByteString(where);
  return {
    id,
    severity,
    effect,
    refuses: false,
    where:
      shown.length > WHERE_CHARACTERS_MAX
        ? `${beginningOf(shown, WHERE_CHARACTERS_MAX)}...`
        : shown,
  };
}

const WHERE_CHARACTERS_MAX = 256;
