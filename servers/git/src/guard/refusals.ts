import { refusals } from '@secure-mcp/validation';

/**
 * Every way in which this server says no, in constant words.
 *
 * A repository that does not exist, one that lies outside and one that the caller may not use share
 * one answer, so that refusals cannot be used to map the disk.
 */
export const REFUSALS = {
  'repository.unknown':
    'There is no such repository that you may use. git_repos names them; write its id.',
  'repository.refused':
    'The repository is built in a way that could read or run what lies outside. git_audit says why.',
  'repository.moved':
    'A directory of the repository, or one above it, was moved or exchanged while it was read. Ask again.',
  'repository.too_large': 'Something in the repository is too large for this server.',
  'repository.bare': 'The repository is bare: it has no work tree and no index.',
  'repository.broken': 'git cannot read the repository.',
  'revision.invalid':
    'The revision is not well formed. Write a branch, a tag or an id, with ~n, ^n or @{n} after it.',
  'revision.unknown': 'There is no such revision.',
  'revision.ambiguous': 'The id is too short: several objects begin with it.',
  'revision.not_a_commit': 'The revision is no commit.',
  'ref.invalid': 'The name of the ref is not well formed.',
  'path.invalid': 'The path is not well formed. Write it relative to the top of the repository.',
  'path.unknown': 'There is no such path at this revision.',
  'path.not_a_file': 'The path is no file at this revision. List it with git_tree.',
  'path.not_a_directory': 'The path is no directory at this revision. Read it with git_file.',
  'path.encoding':
    'The name is not UTF-8, and git takes such a name only in git_file and git_tree.',
  'object.missing':
    'An object is missing here (a shallow or partial clone, or a broken one), and nothing is fetched.',
  'object.too_large': 'The object is too large to be read.',
  'file.binary': 'The file is binary.',
  'file.unreadable':
    'A changed file of the work tree cannot be read. git_status names what changed; ask for other paths.',
  'line.out_of_range': 'The file ends before this line.',
  'pattern.invalid': 'The pattern cannot be used.',
  'cursor.invalid': 'The cursor does not belong to this request.',
  'cursor.stale': 'The repository changed since the last page. Start again without a cursor.',
  'history.unrelated': 'The two revisions have no common history.',
  'git.missing': 'git is not installed where the server looks for it.',
  'git.too_old': 'The installed git is too old for this server.',
  'git.timeout': 'git took too long and was stopped. Ask for less.',
  'git.busy': 'Too many commands of git are running. Try again later.',
} as const;

export const refuse = refusals(REFUSALS);
