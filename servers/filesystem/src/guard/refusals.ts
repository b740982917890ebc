import { refusals } from '@secure-mcp/validation';

/**
 * Every way in which this server says no, in constant words.
 *
 * What does not exist, what lies outside and what a link would lead to share one answer, so that
 * refusals cannot be used to map the disk.
 */
export const REFUSALS = {
  'path.invalid': 'The path is not well formed.',
  'path.refused':
    'There is no such file or directory beneath the roots that you may use. Write root:path; list_roots names the roots.',
  'path.denied':
    'This name stays closed: by convention it holds credentials, or the operator closed it.',
  'path.not_a_file': 'The path is a directory. List it instead.',
  'path.not_a_directory': 'The path is a file. Read it instead.',
  'file.special':
    'The path is a device, a pipe or a socket. Only files and directories can be read.',
  'file.hard_link': 'The file has another name that may lie outside the roots.',
  'file.binary': 'The file is no text. Read it alone, with read_file.',
  'file.too_large': 'The file is too large for this.',
  'file.undecodable': 'The file is not text in this encoding.',
  'file.secret':
    'These bytes hold a secret, which cannot be taken out of exact bytes. Read the file as text.',
  'line.out_of_range': 'The file ends before this place.',
  'pattern.invalid': 'The pattern cannot be used.',
  'cursor.invalid': 'The cursor does not belong to this request.',
  'cursor.stale': 'The directory changed since the last page. Start again without a cursor.',
  'root.unresponsive': 'The file system behind this root does not answer.',
  'disk.busy': 'Too many reads are waiting. Try again later.',
  'disk.memory': 'The work needs more memory than it may use. Ask for less.',
} as const;

export const refuse = refusals(REFUSALS);
